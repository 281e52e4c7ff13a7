package hooks_test

import (
	"database/sql"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// writes are one statement of each form that carries its own record, on posts 10 to 12 of
// author 5, or on a new post.
var writes = map[string]func(db *gorm.DB) *gorm.DB{
	"create": func(db *gorm.DB) *gorm.DB {
		return db.Create(&[]world.Post{{AuthorID: 5, Title: "new", Published: true}, {AuthorID: 6, Title: "new", Published: true}})
	},
	"create of one": func(db *gorm.DB) *gorm.DB {
		return db.Create(&world.Post{AuthorID: 5, Title: "new", Published: true})
	},
	"upsert that inserts": func(db *gorm.DB) *gorm.DB {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&world.Post{ID: 100, AuthorID: 5, Title: "new", Published: true})
	},
	"upsert that updates": func(db *gorm.DB) *gorm.DB {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&world.Post{ID: 10, AuthorID: 6, Title: "new", Published: true})
	},
	"update": func(db *gorm.DB) *gorm.DB {
		return db.Model(&world.Post{}).Where("author_id = 5").Update("author_id", 6)
	},
	"update, returning": func(db *gorm.DB) *gorm.DB {
		var posts []world.Post
		return db.Model(&posts).Clauses(clause.Returning{}).Where("author_id = 5").Update("author_id", 6)
	},
	"update of one": func(db *gorm.DB) *gorm.DB {
		return db.Model(&world.Post{ID: 11}).Updates(map[string]any{"author_id": gorm.Expr("author_id + 1"), "title": "one"})
	},
	"update of one, returning": func(db *gorm.DB) *gorm.DB {
		return db.Model(&world.Post{ID: 11}).Clauses(clause.Returning{}).Update("author_id", 6)
	},
	"soft delete of one": func(db *gorm.DB) *gorm.DB { return db.Delete(&world.Post{ID: 11}) },
	"delete of one":      func(db *gorm.DB) *gorm.DB { return db.Unscoped().Delete(&world.Post{ID: 11}) },
	"soft delete":        func(db *gorm.DB) *gorm.DB { return db.Where("author_id = 5").Delete(&world.Post{}) },
	"delete":             func(db *gorm.DB) *gorm.DB { return db.Unscoped().Where("author_id = 5").Delete(&world.Post{}) },
}

// carryWorld has three posts of author 5, and has run each form once on others, so that it
// knows that their table is bare.
func carryWorld(t *testing.T) *world.World {
	t.Helper()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	for i := range 3 {
		w.Must(w.DB.Create(&world.Post{ID: uint(10 + i), AuthorID: 5, Title: fmt.Sprint(i), Published: true, CreatedAt: world.At(i)}).Error)
	}
	w.Must(w.DB.Model(&world.Post{ID: 10}).Update("title", "once").Error)
	w.Check()
	return w
}

// carries counts the statements that carry their own record, from now on.
func carries(w *world.World) (count func() int) {
	w.Helper()
	var ran []string
	spying := func(db *gorm.DB) { db.Statement.ConnPool = &spy{db.Statement.ConnPool.(spied), &ran} }
	on := w.DB.Callback()
	w.Must(on.Create().Before("gorm:create").Before("timak:before_create").Register("test:spy", spying))
	w.Must(on.Update().Before("gorm:update").Before("timak:before_update").Register("test:spy", spying))
	w.Must(on.Delete().Before("gorm:delete").Before("timak:before_delete").Register("test:spy", spying))
	return func() (n int) {
		for _, statement := range ran {
			if strings.HasPrefix(statement, "WITH timak_is") {
				n++
			}
		}
		return n
	}
}

// TestCarry_trigger: a table gets a trigger that nobody has told timak of, and which changes
// the rows again once they are written. The first statement finds out, and those after it
// do not carry their record.
func TestCarry_trigger(t *testing.T) {
	t.Parallel()
	for name, ddl := range map[string]string{
		"after": `CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				UPDATE posts SET author_id = 7, title = 'again' WHERE id = coalesce(NEW.id, OLD.id) AND author_id <> 7;
				IF TG_OP = 'DELETE' AND OLD.author_id = 5 THEN INSERT INTO posts SELECT OLD.*; UPDATE posts SET author_id = 8 WHERE id = OLD.id; END IF;
				RETURN NULL; END $$;
			CREATE TRIGGER again AFTER INSERT OR UPDATE OR DELETE ON posts FOR EACH ROW EXECUTE FUNCTION again()`,
		"before": `CREATE FUNCTION before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				IF TG_OP = 'DELETE' THEN RETURN CASE WHEN OLD.id = 11 THEN NULL ELSE OLD END; END IF;
				IF NEW.id = 11 THEN RETURN NULL; END IF;
				NEW.title = 'before'; RETURN NEW; END $$;
			CREATE TRIGGER before BEFORE INSERT OR UPDATE OR DELETE ON posts FOR EACH ROW EXECUTE FUNCTION before()`,
	} {
		for form, write := range writes {
			w := carryWorld(t)
			w.Script(w.Session(), ddl)
			count := carries(w)
			w.Must(write(w.DB).Error)
			if n := count(); n != 1 {
				t.Errorf("%s, %s: %d statements have carried a record, want the first", name, form, n)
			}
			w.Check()
			w.Must(write(w.DB).Error)
			if n := count(); n != 1 {
				t.Errorf("%s, %s: %d statements have carried a record, want none any more", name, form, n)
			}
			w.Check()
		}
	}
}

// TestCarry_heir: a table that nobody has told timak of inherits from the tracked one, and
// its trigger changes rows again.
func TestCarry_heir(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"update", "update, returning", "soft delete", "delete"} {
		w := carryWorld(t)
		w.Script(w.Session(), `CREATE TABLE heir () INHERITS (posts);
			WITH d AS (DELETE FROM ONLY posts WHERE id = 11 RETURNING *) INSERT INTO heir SELECT * FROM d;
			CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE posts SET author_id = 7 WHERE id = NEW.id AND author_id <> 7; RETURN NULL; END $$;
			CREATE TRIGGER again AFTER UPDATE ON heir FOR EACH ROW EXECUTE FUNCTION again()`)
		got := writes[form](w.DB)
		w.Must(got.Error)
		if got.RowsAffected != 3 {
			t.Errorf("%s: %d rows, want 3", form, got.RowsAffected)
		}
		w.Check()
	}
}

// TestCarry_rule: a table gets a rule that nobody has told timak of. The first statement is
// refused, as Postgres takes none in a WITH then, and says what to do.
func TestCarry_rule(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	w.Script(w.Session(), "CREATE TABLE bodies (body text); CREATE RULE loud AS ON UPDATE TO posts DO ALSO INSERT INTO bodies VALUES (NEW.body)")
	if err := writes["update"](w.DB).Error; err == nil || !strings.Contains(err.Error(), "run it again") {
		t.Errorf("got %v, want that it says to run it again", err)
	}
	w.Must(writes["update"](w.DB).Error)
	w.Must(w.DB.Model(&world.Post{ID: 10}).Update("body", "beside the images").Error)
	if n := w.Count("bodies"); n != 4 {
		t.Errorf("the rule has seen %d rows, want 4", n)
	}
	w.Check()
}

// TestCarry_levels: a transaction that keeps an old snapshot cannot see new triggers, so its
// statements do not carry their record. If SQL has set the level, the first one finds out.
func TestCarry_levels(t *testing.T) {
	t.Parallel()
	const set = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"
	for form, write := range writes {
		for bySQL, options := range map[bool]*sql.TxOptions{false: {Isolation: sql.LevelRepeatableRead}, true: nil} {
			w := carryWorld(t)
			count := carries(w)
			w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
				if bySQL {
					w.Must(tx.Exec(set).Error)
				}
				w.Must(tx.First(&world.Post{}).Error)
				w.Script(w.Session(), `CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE posts SET title = 'again' WHERE id = NEW.id AND title <> 'again'; RETURN NULL; END $$;
					CREATE TRIGGER again AFTER INSERT OR UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION again()`)
				w.Must(write(tx).Error)
				return write(tx).Error
			}, options))
			if n := count(); n != map[bool]int{true: 1}[bySQL] {
				t.Errorf("%s, by SQL %v: %d statements have carried a record", form, bySQL, n)
			}
			w.Check()
		}
	}
}

// TestCarry_movedKeys: while a statement waits for its rows, another transaction changes
// their keys. A statement that finds its rows by key, in the snapshot with which it began,
// would leave them as they are.
func TestCarry_movedKeys(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]string{
		"one":   "UPDATE posts SET id = 20 WHERE id = 10",
		"all":   "UPDATE posts SET id = id + 100",
		"trade": "UPDATE posts SET id = -10 WHERE id = 10; UPDATE posts SET id = 10 WHERE id = 11; UPDATE posts SET id = 11 WHERE id = -10",
	} {
		for _, form := range []string{"update", "update, returning", "soft delete", "delete"} {
			w := carryWorld(t)
			holder := w.Session()
			w.Drain()
			w.Script(holder, "BEGIN; "+move)
			done := make(chan *gorm.DB, 1)
			go func() { done <- writes[form](w.DB) }()
			w.AwaitBlocked()
			w.Script(holder, "COMMIT")
			got := <-done
			w.Must(got.Error)
			var left int64
			w.Must(w.DB.Model(&world.Post{}).Where("author_id = 5").Count(&left).Error)
			if left != 0 || got.RowsAffected != 3 {
				t.Errorf("%s, %s: %d rows are left, and it says that it has changed %d of 3", name, form, left, got.RowsAffected)
			}
			var recorded int64
			w.Must(w.DB.Raw("SELECT count(DISTINCT pk) FROM timak_outbox WHERE old->>'author_id' = '5' AND coalesce(new->>'author_id', '6') = '6'").Scan(&recorded).Error)
			if recorded != 3 {
				t.Errorf("%s, %s: %d rows are recorded, want 3", name, form, recorded)
			}
		}
	}
}

// TestCarry_movedKey: the key that the conditions give is another row's by the time that the
// statement has its lock. It finds none then, as without timak.
func TestCarry_movedKey(t *testing.T) {
	t.Parallel()
	for _, move := range []string{
		"UPDATE posts SET id = 20 WHERE id = 11",
		"UPDATE posts SET id = -11 WHERE id = 11; UPDATE posts SET id = 11 WHERE id = 12; UPDATE posts SET id = 12 WHERE id = -11",
	} {
		for _, form := range []string{"update of one", "update of one, returning", "soft delete of one", "delete of one"} {
			w := carryWorld(t)
			holder := w.Session()
			w.Drain()
			w.Script(holder, "BEGIN; "+move)
			done := make(chan *gorm.DB, 1)
			go func() { done <- writes[form](w.DB) }()
			w.AwaitBlocked()
			w.Script(holder, "COMMIT")
			got := <-done
			w.Must(got.Error)
			if n := w.Outbox(); got.RowsAffected != 0 || n != 0 {
				t.Errorf("%s, %s: %d rows are changed, and %d recorded, want none", form, move, got.RowsAffected, n)
			}
		}
	}
}

// TestCarry_foreignKey: the triggers of the database's own foreign keys change no row of the
// table, so its statements carry their record.
func TestCarry_foreignKey(t *testing.T) {
	t.Parallel()
	for form, write := range writes {
		w := carryWorld(t)
		w.Script(w.Session(), "INSERT INTO authors (id) SELECT generate_series(1, 9)", "ALTER TABLE posts ADD FOREIGN KEY (author_id) REFERENCES authors (id)")
		count := carries(w)
		for range 2 {
			w.Must(write(w.DB).Error)
		}
		if n := count(); n != 2 {
			t.Errorf("%s: %d statements have carried a record, want 2", form, n)
		}
		w.Check()
	}
}

// TestCarry_meanwhile: while an upsert waits, another transaction inserts the row that it
// then meets, which it has not read.
func TestCarry_meanwhile(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	holder := w.DB.Begin()
	w.Must(holder.Create(&world.Post{ID: 100, AuthorID: 9, Title: "first", Published: true}).Error)
	done := make(chan error, 1)
	go func() { done <- writes["upsert that inserts"](w.DB).Error }()
	w.AwaitBlocked()
	w.Must(holder.Commit().Error)
	w.Must(<-done)
	w.WantIDs("author:9:posts")
	w.Check()
}

// TestCarry_returned: what a statement returns is what the user has asked for, in the
// columns' own types.
func TestCarry_returned(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	var posts []world.Post
	w.Must(w.DB.Model(&posts).Clauses(clause.Returning{}).Where("id IN (10, 11)").Update("author_id", gorm.Expr("author_id + 1")).Error)
	if len(posts) != 2 || posts[0].AuthorID != 6 || posts[0].Title != "once" || !posts[1].CreatedAt.Equal(world.At(1)) || !posts[1].Published {
		t.Errorf("got %+v", posts)
	}
	posts = nil
	w.Must(w.DB.Clauses(clause.Returning{Columns: []clause.Column{{Name: "title", Alias: "body"}, {Name: "id"}}}).Where("id IN (10, 11)").Delete(&posts).Error)
	if len(posts) != 2 || posts[0].ID != 10 || posts[0].Body != "once" || posts[1].Body != "1" {
		t.Errorf("got %+v", posts)
	}
	row := map[string]any{"author_id": 5, "title": "mapped", "published": true, "created_at": world.At(9)}
	w.Must(w.DB.Model(&world.Post{}).Clauses(clause.Returning{Columns: []clause.Column{{Name: "id"}, {Name: "published"}}}).Create(&row).Error)
	if fmt.Sprintf("%T %v", row["id"], row["published"]) != "int64 true" && fmt.Sprintf("%T %v", row["id"], row["published"]) != "uint true" {
		t.Errorf("got %v (%T)", row, row["id"])
	}
	none := []world.Post{}
	if got := w.DB.Model(&none).Clauses(clause.Returning{}).Where("id = 999").Update("author_id", 1); got.Error != nil || got.RowsAffected != 0 || len(none) != 0 {
		t.Errorf("of no rows: got %v, %d rows, %v", none, got.RowsAffected, got.Error)
	}
	w.Check()
}

// TestCarry_comment: a comment in what an upsert sets does not hide the condition that it
// updates only a row which it has read.
func TestCarry_comment(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	holder := w.DB.Begin()
	w.Must(holder.Create(&world.Post{ID: 100, AuthorID: 9, Title: "first", Published: true}).Error)
	done := make(chan error, 1)
	go func() {
		done <- w.DB.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "id"}},
			DoUpdates: clause.Assignments(map[string]any{"author_id": gorm.Expr("8 -- mine")}),
		}).Create(&world.Post{ID: 100, AuthorID: 8, Title: "second", Published: true}).Error
	}()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "arguments") {
			t.Errorf("got %v, want that the condition's parameter is in the comment", err)
		}
	case <-time.After(time.Second): // it waits for the holder, with its condition hidden
		t.Error("it has been carried")
	}
	w.Must(holder.Commit().Error)
	w.Check()
}

// TestCarry_manyReturned: what a statement returns does not grow with the square of its
// rows, where it has not recorded them.
func TestCarry_manyReturned(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	w.Script(w.Session(), `SELECT setval('posts_id_seq', 1000);
		CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE posts SET title = 'again' WHERE id = NEW.id AND title <> 'again'; RETURN NULL; END $$;
		CREATE TRIGGER again AFTER INSERT ON posts FOR EACH ROW EXECUTE FUNCTION again()`)
	posts := make([]world.Post, 3000)
	for i := range posts {
		posts[i] = world.Post{AuthorID: 5, Title: "new", Published: true, CreatedAt: world.At(i)}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.Must(w.DB.Create(&posts).Error)
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 200<<20 {
		t.Errorf("%d MB for %d rows", spent>>20, len(posts))
	}
	if n := w.Outbox(); n != int64(len(posts)) {
		t.Errorf("%d rows are recorded of %d", n, len(posts))
	}
}

// TestCarry_nullKey: a table without the constraint of its primary key may hold a row whose
// key is NULL, by which it cannot be found again.
func TestCarry_nullKey(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	w.Script(w.Session(), "ALTER TABLE posts DROP CONSTRAINT posts_pkey; ALTER TABLE posts ALTER id DROP NOT NULL; INSERT INTO posts (id, author_id, published) VALUES (NULL, 5, false)")
	for _, form := range []string{"update", "update, returning", "soft delete", "delete"} {
		if err := writes[form](w.DB).Error; err == nil || !strings.Contains(err.Error(), "NULL in its primary key") {
			t.Errorf("%s: got %v, want that it is refused", form, err)
		}
	}
	if err := w.DB.Model(&world.Post{}).Where(map[string]any{"id": sql.NullInt64{}}).Update("author_id", 6).Error; err == nil {
		t.Error("a NULL of a type of its own is not refused")
	}
	w.Check()
}

// TestCarry_nothing: an upsert that changes nothing finds out about a trigger, too.
func TestCarry_nothing(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	w.Script(w.Session(), `CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
		CREATE TRIGGER noted BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION noted()`)
	count := carries(w)
	for range 3 {
		w.Must(w.DB.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"title"}),
			Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "false"}}},
		}).Create(&world.Post{ID: 10, AuthorID: 5, Title: "none", Published: true}).Error)
	}
	if n := count(); n != 1 {
		t.Errorf("%d statements have carried a record, want the first", n)
	}
	w.Check()
}

// TestCarry_straysOnce: a table of the same name that only the session finds, and which lacks
// columns of the tracked one, is written from the second statement on.
func TestCarry_straysOnce(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	w.OneConnection()
	pool, err := w.DB.DB()
	w.Must(err)
	_, err = pool.ExecContext(t.Context(), "CREATE TEMP TABLE posts (id bigint PRIMARY KEY, author_id bigint)")
	w.Must(err)
	type bare struct{ ID, AuthorID uint }
	_ = w.DB.Table("posts").Create(&bare{1, 5})
	w.Must(w.DB.Table("posts").Create(&bare{2, 5}).Error)
	w.Must(w.DB.Table("posts").Where("id = 2").Update("author_id", 6).Error)
	_, err = pool.ExecContext(t.Context(), "DROP TABLE pg_temp.posts")
	w.Must(err)
	w.Check()
}

// TestCarry_unmigrated: without timak's tables the error says what to do.
func TestCarry_unmigrated(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	w.Script(w.Session(), "ALTER TABLE timak_outbox RENAME TO elsewhere")
	for form, write := range writes {
		if err := write(w.DB).Error; err == nil || !strings.Contains(err.Error(), "did timakgorm.Migrate run?") {
			t.Errorf("%s: got %v, want that it asks for Migrate", form, err)
		}
	}
}

// Seat has a primary key of two columns.
type Seat struct {
	Hall      string `gorm:"primaryKey"`
	Number    int    `gorm:"primaryKey;autoIncrement:false"`
	Owner     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:seats"`
}

// TestCarry_compositeKey: statements on a table whose key has several columns, with a text
// that JSON must escape, and while the keys change.
func TestCarry_compositeKey(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Models: []any{&Seat{}}, Tracked: []any{&Seat{}}})
	seats := []Seat{{`a"b`, 1, "ann", world.At(1), timakgorm.Timeline{}}, {`a"b`, 2, "ann", world.At(2), timakgorm.Timeline{}}, {"c", 1, "ann", world.At(3), timakgorm.Timeline{}}}
	w.Must(w.DB.Create(&seats).Error)
	w.Must(w.DB.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Seat{Hall: "c", Number: 1, Owner: "bob", CreatedAt: world.At(3)}).Error)
	w.WantIDs("owner:bob:seats", "seats:c,1")
	var changed []Seat
	got := w.DB.Model(&changed).Clauses(clause.Returning{}).Where("owner = 'ann'").Update("owner", "cyd")
	w.Must(got.Error)
	if len(changed) != 2 || got.RowsAffected != 2 {
		t.Errorf("got %+v", changed)
	}
	w.Must(w.DB.Model(&Seat{}).Where("owner = 'bob'").Update("owner", "cyd").Error)
	for _, moved := range []string{"number = 1", "true"} {
		for _, returning := range []bool{true, false} {
			seatsMoved(w, moved, returning)
			w.Script(w.Session(), "UPDATE seats SET number = number - 10 WHERE number > 10")
		}
	}
	var gone []Seat
	w.Must(w.DB.Clauses(clause.Returning{Columns: []clause.Column{{Name: "hall"}, {Name: "number"}}}).Where("true").Delete(&gone).Error)
	if len(gone) != 3 {
		t.Errorf("got %+v", gone)
	}
}

// seatsMoved updates all seats while another transaction moves those that meet the condition.
func seatsMoved(w *world.World, moved string, returning bool) {
	holder := w.Session()
	w.Drain()
	w.Script(holder, "BEGIN; UPDATE seats SET number = number + 10 WHERE "+moved)
	done := make(chan *gorm.DB, 1)
	go func() {
		db := w.DB.Model(&[]Seat{}).Where("owner <> ''")
		if returning {
			db = db.Clauses(clause.Returning{})
		}
		done <- db.Update("owner", fmt.Sprint("dee ", moved, returning))
	}()
	w.AwaitBlocked()
	w.Script(holder, "COMMIT")
	got := <-done
	w.Must(got.Error)
	if got.RowsAffected != 3 || w.Outbox() != 3 {
		w.Errorf("moved where %s, returning %v: %d rows are changed, and %d recorded, of 3", moved, returning, got.RowsAffected, w.Outbox())
	}
}
