package timakgorm_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
)

// TestBeside: an update that sets no column of an image leaves the outbox alone,
// and changes as many rows as it says.
func TestBeside(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for name, config := range map[string]gorm.Config{"": {}, "prepared": {PrepareStmt: true}, "no default transaction": {SkipDefaultTransaction: true}} {
			w := newWorld(t, setup{dialect: dialect, config: &config})
			w.seed()
			w.drain()
			for i, c := range []struct {
				rows   int64
				update func(body string) *gorm.DB
			}{
				{1, func(body string) *gorm.DB { return w.db.Model(&Post{ID: 10}).Update("body", body) }},
				{1, func(body string) *gorm.DB { return w.db.Model(&Post{}).Where("id = ?", 11).Updates(Post{Body: body}) }},
				{1, func(body string) *gorm.DB {
					return w.db.Model(&Post{ID: 10}).UpdateColumn("body", gorm.Expr("? || body", body))
				}},
				{2, func(body string) *gorm.DB {
					return w.db.Model(&Post{}).Where("id = 10").Or("id = 12").Update("body", body)
				}},
				{0, func(body string) *gorm.DB { return w.db.Model(&Post{}).Where("id = 999").Update("body", body) }},
				{0, func(body string) *gorm.DB { return w.db.Model(&Post{ID: 14}).Update("body", body) }}, // soft-deleted
				{1, func(body string) *gorm.DB { return w.db.Unscoped().Model(&Post{ID: 14}).Update("body", body) }},
				{1, func(body string) *gorm.DB { return w.db.Table("posts").Where("id = 10").Update("body", body) }},
				{1, func(body string) *gorm.DB { return w.db.Table("posts AS p").Where("p.id = 10").Update("body", body) }},
				{1, func(body string) *gorm.DB {
					return w.db.Model(&Post{}).Where("author_id IN (?)", w.db.Model(&Post{}).Select("author_id").Where("id = 10")).Where("id = 10").Update("body", body)
				}},
			} {
				if got := c.update(fmt.Sprint("body ", i)); got.Error != nil || got.RowsAffected != c.rows {
					t.Errorf("%s, update %d: %d rows, %v; want %d", name, i, got.RowsAffected, got.Error, c.rows)
				}
				if n := w.outbox(); n != 0 {
					t.Errorf("%s, update %d: %d changes in the outbox", name, i, n)
				}
			}
			w.check()
		}
	})
}

// spying has a world's updates noted, and returns a function that updates a column
// and says how many statements ran around that.
func (w *world) spying() (around func(column string) int) {
	w.Helper()
	var ran []string
	w.must(w.db.Callback().Update().Before("gorm:update").Before("timak:before_update").Register("test:spy", func(db *gorm.DB) {
		db.Statement.ConnPool = &spy{db.Statement.ConnPool.(spied), &ran}
	}))
	return func(column string) (others int) {
		w.Helper()
		ran = nil
		w.must(w.db.Model(&Post{ID: 10}).Update(column, "new").Error)
		for _, statement := range ran {
			if !strings.HasPrefix(statement, "UPDATE") && (strings.Contains(statement, "FROM \"posts\"") ||
				strings.Contains(statement, "FROM `posts`") || strings.Contains(statement, "timak_outbox")) {
				others++
			}
		}
		return others
	}
}

// TestBeside_unread: it reads no rows, before or after.
func TestBeside_unread(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		w.drain()
		around := w.spying()
		if n := around("body"); n != 0 {
			t.Errorf("got %d statements around the update, want none", n)
		}
		if n := around("title"); n != 2 {
			t.Errorf("got %d statements around the update of a column of the image, want 2", n)
		}
		w.check()
	})
}

// spy notes the statements that run in a transaction.
type spied interface {
	gorm.ConnPool
	gorm.TxCommitter
}

type spy struct {
	spied

	ran *[]string
}

func (s *spy) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	*s.ran = append(*s.ran, query)
	return s.spied.ExecContext(ctx, query, args...)
}

func (s *spy) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	*s.ran = append(*s.ran, query)
	return s.spied.QueryContext(ctx, query, args...)
}

// TestBeside_more: an update that does more than it says is followed.
func TestBeside_more(t *testing.T) {
	t.Parallel()
	const shout = `CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title = upper(NEW.body); RETURN NEW; END $$;`
	for _, c := range []struct {
		name, dialect string
		ddl           []string
	}{
		{"a trigger", "postgres", []string{shout, "CREATE TRIGGER shout BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION shout()"}},
		{"a trigger of a column", "postgres", []string{shout, "CREATE TRIGGER shout BEFORE UPDATE OF body ON posts FOR EACH ROW EXECUTE FUNCTION shout()"}},
		{"a rule", "postgres", []string{"CREATE TABLE bodies (body text)", "CREATE RULE shout AS ON UPDATE TO posts DO ALSO INSERT INTO bodies VALUES (NEW.body)"}},
		{"an heir's trigger", "postgres", []string{
			"CREATE TABLE heir () INHERITS (posts)", "WITH d AS (DELETE FROM ONLY posts WHERE id = 10 RETURNING *) INSERT INTO heir SELECT * FROM d",
			shout, "CREATE TRIGGER shout BEFORE UPDATE ON heir FOR EACH ROW EXECUTE FUNCTION shout()",
		}},
		{"a trigger", "sqlite", []string{"CREATE TRIGGER shout AFTER UPDATE OF body ON posts BEGIN UPDATE posts SET title = upper(new.body) WHERE id = new.id; END"}},
		{"a trigger by another case", "sqlite", []string{"CREATE TRIGGER shout AFTER UPDATE OF body ON POSTS BEGIN UPDATE posts SET title = upper(new.body) WHERE id = new.id; END"}},
	} {
		t.Run(c.dialect+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, setup{dialect: c.dialect})
			w.seed()
			w.check()
			stranger := w.stranger()
			for _, ddl := range c.ddl {
				_, err := stranger.ExecContext(t.Context(), ddl)
				w.must(err)
			}
			got := w.db.Model(&Post{ID: 10}).Update("body", "loud")
			if got.Error != nil {
				t.Fatal(got.Error)
			}
			if got.RowsAffected != 1 {
				t.Errorf("%d rows, want 1", got.RowsAffected)
			}
			w.must(w.db.Model(&Post{ID: 999}).Update("body", "none").Error)
			w.check()
			w.wantDifferences()
		})
	}
}

// Loud has a column that is made from one that no rule names.
type Loud struct {
	ID        uint
	Body      string
	Title     string `gorm:"->"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=louds; data=Title"`
}

// TestBeside_generated: an update of what a generated column is made from.
func TestBeside_generated(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		dsn := newDSN(t, dialect)
		const table = "CREATE TABLE louds (id bigint PRIMARY KEY, body text, title text GENERATED ALWAYS AS (upper(body)) STORED, created_at timestamp)"
		if err := openDSN(t, dialect, dsn, nil).Exec(table).Error; err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, setup{dialect: dialect, dsn: dsn, models: []any{}, tracked: []any{&Loud{}}})
		w.must(w.db.Create(&Loud{ID: 1, Body: "a", CreatedAt: at(1)}).Error)
		w.wantData("louds", `{"title":"A"}`)
		if got := w.db.Model(&Loud{ID: 1}).Update("body", "b"); got.Error != nil || got.RowsAffected != 1 {
			t.Errorf("got %d rows, %v", got.RowsAffected, got.Error)
		}
		w.wantData("louds", `{"title":"B"}`)
	})
}

// TestBeside_conditions: whatever the conditions are, and the values, they do not
// get an update past the question whether its table is plain.
func TestBeside_conditions(t *testing.T) {
	t.Parallel()
	shout := map[string]string{
		"postgres": `CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title = upper(NEW.body); RETURN NEW; END $$;
			CREATE TRIGGER shout BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION shout()`,
		"sqlite": "CREATE TRIGGER shout AFTER UPDATE OF body ON posts BEGIN UPDATE posts SET title = upper(new.body) WHERE id = new.id; END",
	}
	onBoth(t, func(t *testing.T, dialect string) {
		for name, change := range map[string]func(db *gorm.DB) *gorm.DB{
			"an OR on a line of its own": func(db *gorm.DB) *gorm.DB {
				return db.Unscoped().Model(&Post{}).Where("id = 10\nOR id = 11").Update("body", "loud")
			},
			"a comment": func(db *gorm.DB) *gorm.DB {
				return db.Unscoped().Model(&Post{}).Where("id IN (10, 11) -- these").Update("body", "loud")
			},
		} {
			w := newWorld(t, setup{dialect: dialect})
			w.seed()
			for range 2 { // plain, and then not any more
				if got := change(w.db); got.Error != nil || got.RowsAffected != 2 {
					t.Errorf("%s: %d rows, %v; want 2", name, got.RowsAffected, got.Error)
				}
				w.check()
				_, err := w.stranger().ExecContext(t.Context(), shout[dialect])
				if err != nil {
					break
				}
			}
			w.must(w.db.Model(&Post{ID: 10}).Update("body", gorm.Expr("'x', title = 'smuggled'")).Error)
			w.check()
		}
		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		w.must(w.db.Model(&Post{ID: 10}).Update("body", gorm.Expr("'x', title = 'smuggled'")).Error)
		w.check()
		w.must(w.db.Model(&Post{ID: 10}).Update("body", gorm.Expr("coalesce(body, 'b')")).Error)
		w.check()
	})
}

// TestBeside_once: the user's triggers are called once for a statement, also where
// they are why it is followed.
func TestBeside_once(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres"})
	w.seed()
	w.check()
	w.script(w.session(), `CREATE TABLE calls (); CREATE FUNCTION called() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO calls DEFAULT VALUES; RETURN NULL; END $$;
		CREATE TRIGGER called AFTER UPDATE ON posts FOR EACH STATEMENT EXECUTE FUNCTION called()`)
	for n := range 3 {
		w.must(w.db.Model(&Post{ID: 10}).Update("body", fmt.Sprint(n)).Error)
	}
	if n := w.count("calls"); n != 3 {
		t.Errorf("the trigger has been called %d times for 3 updates", n)
	}
	w.check()
}

// TestBeside_own: a table that refers to a column of its own, by which a new value
// of that reaches its other rows.
func TestBeside_own(t *testing.T) {
	t.Parallel()
	dsn := newDSN(t, "postgres")
	const table = `CREATE TABLE besides (id bigint PRIMARY KEY, code text UNIQUE, parent text REFERENCES besides (code) ON UPDATE CASCADE, created_at timestamptz)`
	if err := openDSN(t, "postgres", dsn, nil).Exec(table).Error; err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, setup{dialect: "postgres", dsn: dsn, models: []any{}, tracked: []any{&Beside{}}})
	a := "a"
	w.must(w.db.Create(&[]Beside{{ID: 1, Code: "a", Parent: &a, CreatedAt: at(1)}}).Error)
	w.wantIDs("parent:a", "besides:1")
	w.must(w.db.Model(&Beside{ID: 1}).Update("code", "b").Error)
	w.wantIDs("parent:a")
	w.wantIDs("parent:b", "besides:1")
}

// Beside has a column that others of its rows refer to.
type Beside struct {
	ID        uint
	Code      string
	Parent    *string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=parent:{Parent}"`
}

// TestBeside_snapshot: a transaction whose snapshot is older than a trigger
// follows what it does not see.
func TestBeside_snapshot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres"})
	w.seed()
	w.check()
	tx := w.db.Begin(&sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	w.must(tx.Exec("SELECT 1 FROM authors").Error)
	_, err := w.stranger().ExecContext(t.Context(), `CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title = upper(NEW.body); RETURN NEW; END $$;
		CREATE TRIGGER shout BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION shout()`)
	w.must(err)
	w.must(tx.Model(&Post{ID: 10}).Update("body", "loud").Error)
	w.must(tx.Commit().Error)
	w.check()
	w.wantDifferences()
}

// TestBeside_remembered: what a transaction of another isolation level cannot say
// of a table is not held against it.
func TestBeside_remembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres"})
	w.seed()
	w.drain()
	w.must(w.db.Transaction(func(tx *gorm.DB) error { return tx.Model(&Post{ID: 10}).Update("body", "old").Error }, &sql.TxOptions{Isolation: sql.LevelRepeatableRead}))
	var ran string
	w.must(w.db.Callback().Update().After("gorm:update").Register("test:ran", func(db *gorm.DB) { ran = db.Statement.SQL.String() }))
	w.must(w.db.Model(&Post{ID: 10}).Update("body", "new").Error)
	if !strings.Contains(ran, "timak_plain") {
		t.Errorf("got %s, want an update that goes beside", ran)
	}
	w.check()
}

// besideSeat has a column that no rule names.
type besideSeat struct {
	ID        uint
	Chair     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=seats"`
}

// TestBeside_replaces: SQLite's schema may have an update delete what is in its
// way.
func TestBeside_replaces(t *testing.T) {
	t.Parallel()
	dsn := newDSN(t, "sqlite")
	if err := openDSN(t, "sqlite", dsn, nil).Exec("CREATE TABLE beside_seats (id integer PRIMARY KEY, chair text UNIQUE ON CONFLICT REPLACE, created_at datetime)").Error; err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, setup{dialect: "sqlite", dsn: dsn, models: []any{}, tracked: []any{&besideSeat{}}})
	w.must(w.db.Create(&[]besideSeat{{ID: 1, Chair: "a", CreatedAt: at(1)}, {ID: 2, Chair: "b", CreatedAt: at(2)}}).Error)
	w.wantIDs("seats", "beside_seats:2", "beside_seats:1")
	w.must(w.db.Model(&besideSeat{ID: 1}).Update("chair", "b").Error)
	w.wantIDs("seats", "beside_seats:1")
	err := w.db.Clauses(clause.Update{Modifier: "OR FAIL"}).Model(&besideSeat{ID: 1}).Update("chair", "c").Error
	if !errors.Is(err, timakgorm.ErrUncaptured) {
		t.Errorf("UPDATE OR FAIL: got %v, want ErrUncaptured", err)
	}
}

// TestBeside_quoted: where a value ends is for the database to say.
func TestBeside_quoted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		for _, value := range []string{
			"$q$'$q$, author_id = 2, title = $q$'$q$", `E'\', author_id = 2, title = '`, `'\', author_id = 2, title = '\'`, "[1] AND `a, author_id = 2, title = ` [", "'a' /* */, author_id = 2",
		} {
			if err := w.db.Model(&Post{ID: 10}).Update("body", gorm.Expr(value)).Error; err != nil {
				t.Logf("%s: %v", value, err) // the other database's
			}
			w.check()
			w.must(w.db.Model(&Post{ID: 10}).Update("author_id", 1).Error)
		}
	})
}
