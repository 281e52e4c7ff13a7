package hooks_test

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
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestBeside: an update that sets no column of an image leaves the outbox alone,
// and changes as many rows as it says.
func TestBeside(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for name, config := range map[string]gorm.Config{"": {}, "prepared": {PrepareStmt: true}, "no default transaction": {SkipDefaultTransaction: true}} {
			w := world.New(t, world.Setup{Dialect: dialect, Config: &config})
			w.Seed()
			w.Drain()
			for i, c := range []struct {
				rows   int64
				update func(body string) *gorm.DB
			}{
				{1, func(body string) *gorm.DB { return w.DB.Model(&world.Post{ID: 10}).Update("body", body) }},
				{1, func(body string) *gorm.DB {
					return w.DB.Model(&world.Post{}).Where("id = ?", 11).Updates(world.Post{Body: body})
				}},
				{1, func(body string) *gorm.DB {
					return w.DB.Model(&world.Post{ID: 10}).UpdateColumn("body", gorm.Expr("? || body", body))
				}},
				{2, func(body string) *gorm.DB {
					return w.DB.Model(&world.Post{}).Where("id = 10").Or("id = 12").Update("body", body)
				}},
				{0, func(body string) *gorm.DB { return w.DB.Model(&world.Post{}).Where("id = 999").Update("body", body) }},
				{0, func(body string) *gorm.DB { return w.DB.Model(&world.Post{ID: 14}).Update("body", body) }}, // soft-deleted
				{1, func(body string) *gorm.DB { return w.DB.Unscoped().Model(&world.Post{ID: 14}).Update("body", body) }},
				{1, func(body string) *gorm.DB { return w.DB.Table("posts").Where("id = 10").Update("body", body) }},
				{1, func(body string) *gorm.DB { return w.DB.Table("posts AS p").Where("p.id = 10").Update("body", body) }},
				{1, func(body string) *gorm.DB {
					return w.DB.Model(&world.Post{}).Where("author_id IN (?)", w.DB.Model(&world.Post{}).Select("author_id").Where("id = 10")).Where("id = 10").Update("body", body)
				}},
			} {
				if got := c.update(fmt.Sprint("body ", i)); got.Error != nil || got.RowsAffected != c.rows {
					t.Errorf("%s, update %d: %d rows, %v; want %d", name, i, got.RowsAffected, got.Error, c.rows)
				}
				if n := w.Outbox(); n != 0 {
					t.Errorf("%s, update %d: %d changes in the outbox", name, i, n)
				}
			}
			w.Check()
		}
	})
}

// spying has a world's updates noted, and returns a function that updates a column
// and says how many statements ran around that.
func spying(w *world.World) (around func(column string) int) {
	w.Helper()
	var ran []string
	w.Must(w.DB.Callback().Update().Before("gorm:update").Before("timak:before_update").Register("test:spy", func(db *gorm.DB) {
		db.Statement.ConnPool = &spy{db.Statement.ConnPool.(spied), &ran}
	}))
	return func(column string) (others int) {
		w.Helper()
		ran = nil
		w.Must(w.DB.Model(&world.Post{ID: 10}).Update(column, "new").Error)
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
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		w.Drain()
		around := spying(w)
		if n := around("body"); n != 0 {
			t.Errorf("got %d statements around the update, want none", n)
		}
		others := map[string]int{"postgres": 1, "sqlite": 2} // there, the update itself, which carries its record
		if n := around("title"); n != others[dialect] {
			t.Errorf("got %d statements around the update of a column of the image, want %d", n, others[dialect])
		}
		w.Check()
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

func (s *spy) Within() gorm.ConnPool { return s.spied }

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
		{"an heir's trigger", "postgres", []string{
			"CREATE TABLE heir () INHERITS (posts)", "WITH d AS (DELETE FROM ONLY posts WHERE id = 10 RETURNING *) INSERT INTO heir SELECT * FROM d",
			shout, "CREATE TRIGGER shout BEFORE UPDATE ON heir FOR EACH ROW EXECUTE FUNCTION shout()",
		}},
		{"a trigger", "sqlite", []string{"CREATE TRIGGER shout AFTER UPDATE OF body ON posts BEGIN UPDATE posts SET title = upper(new.body) WHERE id = new.id; END"}},
		{"a trigger by another case", "sqlite", []string{"CREATE TRIGGER shout AFTER UPDATE OF body ON POSTS BEGIN UPDATE posts SET title = upper(new.body) WHERE id = new.id; END"}},
	} {
		t.Run(c.dialect+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t, world.Setup{Dialect: c.dialect})
			w.Seed()
			w.Check()
			stranger := w.Stranger()
			for _, ddl := range c.ddl {
				_, err := stranger.ExecContext(t.Context(), ddl)
				w.Must(err)
			}
			got := w.DB.Model(&world.Post{ID: 10}).Update("body", "loud")
			if got.Error != nil {
				t.Fatal(got.Error)
			}
			if got.RowsAffected != 1 {
				t.Errorf("%d rows, want 1", got.RowsAffected)
			}
			w.Must(w.DB.Model(&world.Post{ID: 999}).Update("body", "none").Error)
			w.Check()
			w.WantDifferences()
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
	world.OnBoth(t, func(t *testing.T, dialect string) {
		dsn := world.NewDSN(t, dialect)
		const table = "CREATE TABLE louds (id bigint PRIMARY KEY, body text, title text GENERATED ALWAYS AS (upper(body)) STORED, created_at timestamp)"
		if err := world.OpenDSN(t, dialect, dsn, nil).Exec(table).Error; err != nil {
			t.Fatal(err)
		}
		w := world.New(t, world.Setup{Dialect: dialect, DSN: dsn, Models: []any{}, Tracked: []any{&Loud{}}})
		w.Must(w.DB.Create(&Loud{ID: 1, Body: "a", CreatedAt: world.At(1)}).Error)
		w.WantData("louds", `{"title":"A"}`)
		if got := w.DB.Model(&Loud{ID: 1}).Update("body", "b"); got.Error != nil || got.RowsAffected != 1 {
			t.Errorf("got %d rows, %v", got.RowsAffected, got.Error)
		}
		w.WantData("louds", `{"title":"B"}`)
	})
}

// TestBeside_generatedSince: another program makes a column a generated one, after
// updates have found the table plain.
func TestBeside_generatedSince(t *testing.T) {
	t.Parallel()
	dsn := world.NewDSN(t, "sqlite")
	const table = "CREATE TABLE louds (id integer PRIMARY KEY, body text, created_at timestamp, title text"
	if err := world.OpenDSN(t, "sqlite", dsn, nil).Exec(table + ")").Error; err != nil {
		t.Fatal(err)
	}
	w := world.New(t, world.Setup{Dialect: "sqlite", DSN: dsn, Models: []any{}, Tracked: []any{&Loud{}}})
	w.Must(w.DB.Create(&Loud{ID: 1, Body: "a", CreatedAt: world.At(1)}).Error)
	w.Must(w.DB.Model(&Loud{ID: 1}).Update("body", "b").Error)
	for _, change := range []string{
		"ALTER TABLE louds DROP COLUMN title; ALTER TABLE louds ADD COLUMN title text AS (upper(body))",
		"DROP TABLE louds; " + table + " AS (upper(body)) STORED); INSERT INTO louds (id, body, created_at) VALUES (1, 'x', '2026-01-01 00:01:00+00:00')",
	} {
		_, err := w.Stranger().ExecContext(t.Context(), change)
		w.Must(err)
		for _, body := range []string{"c", "d"} {
			if got := w.DB.Model(&Loud{ID: 1}).Update("body", body); got.Error != nil || got.RowsAffected != 1 {
				t.Errorf("%s: got %d rows, %v", change, got.RowsAffected, got.Error)
			}
			w.WantData("louds", fmt.Sprintf(`{"title":%q}`, strings.ToUpper(body)))
		}
	}
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
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for name, change := range map[string]func(db *gorm.DB) *gorm.DB{
			"an OR on a line of its own": func(db *gorm.DB) *gorm.DB {
				return db.Unscoped().Model(&world.Post{}).Where("id = 10\nOR id = 11").Update("body", "loud")
			},
			"a comment": func(db *gorm.DB) *gorm.DB {
				return db.Unscoped().Model(&world.Post{}).Where("id IN (10, 11) -- these").Update("body", "loud")
			},
		} {
			w := world.New(t, world.Setup{Dialect: dialect})
			w.Seed()
			for range 2 { // plain, and then not any more
				if got := change(w.DB); got.Error != nil || got.RowsAffected != 2 {
					t.Errorf("%s: %d rows, %v; want 2", name, got.RowsAffected, got.Error)
				}
				w.Check()
				_, err := w.Stranger().ExecContext(t.Context(), shout[dialect])
				if err != nil {
					break
				}
			}
			w.Must(w.DB.Model(&world.Post{ID: 10}).Update("body", gorm.Expr("'x', title = 'smuggled'")).Error)
			w.Check()
		}
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		w.Must(w.DB.Model(&world.Post{ID: 10}).Update("body", gorm.Expr("'x', title = 'smuggled'")).Error)
		w.Check()
		w.Must(w.DB.Model(&world.Post{ID: 10}).Update("body", gorm.Expr("coalesce(body, 'b')")).Error)
		w.Check()
	})
}

// TestBeside_once: the user's triggers see a statement's rows once, also where they are
// why it is followed.
func TestBeside_once(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Check()
	w.Script(w.Session(), `CREATE TABLE calls (); CREATE FUNCTION called() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO calls SELECT FROM changed; RETURN NULL; END $$;
		CREATE TRIGGER called AFTER UPDATE ON posts REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION called()`)
	for n := range 3 {
		w.Must(w.DB.Model(&world.Post{ID: 10}).Update("body", fmt.Sprint(n)).Error)
	}
	if n := w.Count("calls"); n != 3 {
		t.Errorf("the trigger has seen %d rows of 3 updates", n)
	}
	w.Check()
}

// TestBeside_own: a table that refers to a column of its own, by which a new value
// of that reaches its other rows.
func TestBeside_own(t *testing.T) {
	t.Parallel()
	dsn := world.NewDSN(t, "postgres")
	const table = `CREATE TABLE besides (id bigint PRIMARY KEY, code text UNIQUE, parent text REFERENCES besides (code) ON UPDATE CASCADE, created_at timestamptz)`
	if err := world.OpenDSN(t, "postgres", dsn, nil).Exec(table).Error; err != nil {
		t.Fatal(err)
	}
	w := world.New(t, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{}, Tracked: []any{&Beside{}}})
	a := "a"
	w.Must(w.DB.Create(&[]Beside{{ID: 1, Code: "a", Parent: &a, CreatedAt: world.At(1)}}).Error)
	w.WantIDs("parent:a", "besides:1")
	w.Must(w.DB.Model(&Beside{ID: 1}).Update("code", "b").Error)
	w.WantIDs("parent:a")
	w.WantIDs("parent:b", "besides:1")
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
	w := world.New(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Check()
	tx := w.DB.Begin(&sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	w.Must(tx.Exec("SELECT 1 FROM authors").Error)
	_, err := w.Stranger().ExecContext(t.Context(), `CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title = upper(NEW.body); RETURN NEW; END $$;
		CREATE TRIGGER shout BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION shout()`)
	w.Must(err)
	w.Must(tx.Model(&world.Post{ID: 10}).Update("body", "loud").Error)
	w.Must(tx.Commit().Error)
	w.Check()
	w.WantDifferences()
}

// TestBeside_remembered: what a transaction of another isolation level cannot say
// of a table is not held against it.
func TestBeside_remembered(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Drain()
	w.Must(w.DB.Transaction(func(tx *gorm.DB) error { return tx.Model(&world.Post{ID: 10}).Update("body", "old").Error }, &sql.TxOptions{Isolation: sql.LevelRepeatableRead}))
	var ran string
	w.Must(w.DB.Callback().Update().After("gorm:update").Register("test:ran", func(db *gorm.DB) { ran = db.Statement.SQL.String() }))
	w.Must(w.DB.Model(&world.Post{ID: 10}).Update("body", "new").Error)
	if !strings.Contains(ran, "timak_plain") {
		t.Errorf("got %s, want an update that goes beside", ran)
	}
	w.Check()
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
	dsn := world.NewDSN(t, "sqlite")
	if err := world.OpenDSN(t, "sqlite", dsn, nil).Exec("CREATE TABLE beside_seats (id integer PRIMARY KEY, chair text UNIQUE ON CONFLICT REPLACE, created_at datetime)").Error; err != nil {
		t.Fatal(err)
	}
	w := world.New(t, world.Setup{Dialect: "sqlite", DSN: dsn, Models: []any{}, Tracked: []any{&besideSeat{}}})
	w.Must(w.DB.Create(&[]besideSeat{{ID: 1, Chair: "a", CreatedAt: world.At(1)}, {ID: 2, Chair: "b", CreatedAt: world.At(2)}}).Error)
	w.WantIDs("seats", "beside_seats:2", "beside_seats:1")
	w.Must(w.DB.Model(&besideSeat{ID: 1}).Update("chair", "b").Error)
	w.WantIDs("seats", "beside_seats:1")
	err := w.DB.Clauses(clause.Update{Modifier: "OR FAIL"}).Model(&besideSeat{ID: 1}).Update("chair", "c").Error
	if !errors.Is(err, timakgorm.ErrUncaptured) {
		t.Errorf("UPDATE OR FAIL: got %v, want ErrUncaptured", err)
	}
}

// TestBeside_quoted: where a value ends is for the database to say.
func TestBeside_quoted(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		for _, value := range []string{
			"$q$'$q$, author_id = 2, title = $q$'$q$", `E'\', author_id = 2, title = '`, `'\', author_id = 2, title = '\'`, "[1] AND `a, author_id = 2, title = ` [", "'a' /* */, author_id = 2",
		} {
			if err := w.DB.Model(&world.Post{ID: 10}).Update("body", gorm.Expr(value)).Error; err != nil {
				t.Logf("%s: %v", value, err) // the other database's
			}
			w.Check()
			w.Must(w.DB.Model(&world.Post{ID: 10}).Update("author_id", 1).Error)
		}
	})
}
