package relay_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Chapter belongs to a Book, which is not tracked, and is changed with it.
type Chapter struct {
	ID        uint
	BookID    *uint
	Pages     int
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=book:{BookID}; data=Pages"`
	_ timakgorm.Timeline `timak:"key=chapters; data=Pages"`
}

type Book struct{ ID uint }

// Proof is a row whose insertion adds a page to all chapters.
type Proof struct{ ID uint }

const bookTables = `CREATE TABLE books (id bigint PRIMARY KEY);
CREATE TABLE chapters (id bigint PRIMARY KEY, book_id bigint REFERENCES books ON UPDATE CASCADE ON DELETE SET NULL, pages bigint, created_at timestamp);
INSERT INTO books VALUES (1), (2);
`

var proofTriggers = map[string]string{
	"sqlite": "CREATE TABLE proofs (id integer PRIMARY KEY); CREATE TRIGGER proof AFTER INSERT ON proofs BEGIN UPDATE chapters SET pages = pages + 1; END",
	"postgres": `CREATE TABLE proofs (id serial PRIMARY KEY);
CREATE FUNCTION add_page() RETURNS void LANGUAGE sql AS $$ UPDATE chapters SET pages = pages + 1 $$;
CREATE FUNCTION proof() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM add_page(); RETURN NULL; END $$;
CREATE TRIGGER proof AFTER INSERT ON proofs FOR EACH ROW EXECUTE FUNCTION proof();
CREATE PROCEDURE turn() LANGUAGE plpgsql AS $$ BEGIN PERFORM add_page(); COMMIT; PERFORM add_page(); END $$`,
}

// bookWorld delivers on commit what triggers have recorded of chapters.
func bookWorld(t *testing.T, dialect string, config gorm.Config) *world.World {
	t.Helper()
	dsn := world.NewDSN(t, dialect)
	if dialect == "sqlite" {
		dsn += "&_pragma=foreign_keys(1)"
	}
	plain := world.OpenDSN(t, dialect, dsn, nil)
	for _, script := range []string{bookTables, proofTriggers[dialect]} {
		if err := plain.Exec(script).Error; err != nil {
			t.Fatal(err)
		}
	}
	w := world.TriggerWorld(t, world.Setup{Dialect: dialect, DSN: dsn, Config: &config, Models: []any{}, Tracked: []any{&Chapter{}}, Options: world.OnCommit()})
	book := uint(1)
	w.Must(w.DB.Create(&[]Chapter{{ID: 1, BookID: &book, CreatedAt: world.At(1)}, {ID: 2, CreatedAt: world.At(2)}}).Error)
	return w
}

// unseenWrites change chapters and do not name them.
var unseenWrites = []struct {
	dialect, name string
	write         func(*gorm.DB) error
}{
	{"", "create of another model", func(db *gorm.DB) error { return db.Create(&Proof{}).Error }},
	{"", "update of a key", func(db *gorm.DB) error {
		return db.Model(&Book{}).Where("id < 100").Update("id", gorm.Expr("id + 10")).Error
	}},
	{"", "raw insert", func(db *gorm.DB) error { return db.Exec("INSERT INTO proofs DEFAULT VALUES").Error }},
	{"", "raw find", func(db *gorm.DB) error {
		return db.Raw("INSERT INTO proofs DEFAULT VALUES RETURNING id").Find(&[]Proof{}).Error
	}},
	{"", "raw update of a key", func(db *gorm.DB) error { return db.Exec("UPDATE books SET id = id + 10 WHERE id < 100").Error }},
	{"sqlite", "several", func(db *gorm.DB) error { return db.Exec("INSERT INTO proofs DEFAULT VALUES; SELECT 1;").Error }},
	{"", "delete", func(db *gorm.DB) error { return db.Exec("WITH x AS (SELECT 1) DELETE FROM books WHERE id < 100").Error }},
	{"postgres", "function", func(db *gorm.DB) error { return db.Exec("SELECT add_page()").Error }},
	{"postgres", "function in a WITH", func(db *gorm.DB) error { return db.Exec("WITH x AS (SELECT add_page()) SELECT FROM x").Error }},
	{"postgres", "block", func(db *gorm.DB) error { return db.Exec("DO $$ BEGIN PERFORM add_page(); END $$").Error }},
	{"postgres", "block in a text", func(db *gorm.DB) error { return db.Exec("DO 'BEGIN PERFORM add_page(); END'").Error }},
}

// TestDeliverUnseen: with Triggers a commit waits for what its callbacks cannot
// see coming.
func TestDeliverUnseen(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, m := range deliverModes {
			w := bookWorld(t, dialect, m.Config)
			for _, unseen := range unseenWrites {
				if unseen.dialect != "" && unseen.dialect != dialect {
					continue
				}
				before := pages(w)
				w.Must(m.Run(w.DB, unseen.write))
				if after := pages(w); after == before {
					t.Fatalf("%s, %s: nothing has changed", m.Name, unseen.name)
				}
				if n := w.Outbox(); n != 0 {
					t.Errorf("%s, %s: %d changes are left", m.Name, unseen.name, n)
					w.Drain()
				}
			}
			w.WantDifferences()
		}
	})
}

// pages tells the chapters.
func pages(w *world.World) string {
	var chapters []struct{ BookID, Pages *int }
	w.Must(w.DB.Raw("SELECT book_id, pages FROM chapters ORDER BY id").Scan(&chapters).Error)
	text := ""
	for _, c := range chapters {
		if c.BookID != nil {
			text += fmt.Sprint(*c.BookID)
		}
		text += fmt.Sprint(":", *c.Pages, " ")
	}
	return text
}

// TestDeliverUnseen_inTransaction: what gets no transaction of its own waits in
// one, and works outside.
func TestDeliverUnseen_inTransaction(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		writes := map[string]func(*gorm.DB) error{
			"raw scan": func(db *gorm.DB) error {
				return db.Raw("INSERT INTO proofs DEFAULT VALUES RETURNING id").Scan(new(int)).Error
			},
			"nested": func(db *gorm.DB) error {
				return db.Transaction(func(tx *gorm.DB) error { return tx.Create(&Proof{}).Error })
			},
		}
		alone := []string{"VACUUM"}
		if dialect == "postgres" {
			writes["function of a query"] = func(db *gorm.DB) error { return db.Raw("SELECT 1 AS id FROM add_page()").Find(&[]Proof{}).Error }
			alone = append(alone, "CALL turn()", "DO $$ BEGIN CALL turn(); END $$", "DO 'BEGIN PERFORM add_page(); COMMIT; END'", "CREATE INDEX CONCURRENTLY ON chapters (pages)")
		}
		w := bookWorld(t, dialect, gorm.Config{})
		for name, write := range writes {
			w.Must(w.DB.Transaction(write))
			if n := w.Outbox(); n != 0 {
				t.Errorf("%s: %d changes are left", name, n)
			}
		}
		for _, text := range alone {
			w.Must(w.DB.Exec(text).Error)
		}
		w.Drain()
		w.WantDifferences()
	})
}

// TestDeliverUnseen_others: a transaction that has written nothing does not wait
// for what others have; one that fails says what it would say without the plugin.
func TestDeliverUnseen_others(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.TriggerWorld(t, world.Setup{Dialect: dialect, Store: store, Options: world.OnCommit()})
		_, err := w.Stranger().ExecContext(t.Context(), "INSERT INTO posts (author_id, published, created_at) VALUES (1, true, '2026-01-01 00:01:00+00:00')")
		w.Must(err)
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error { return tx.Find(&[]world.Post{}).Error }))
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error { return tx.Exec("SELECT 1").Error }))
		if calls, left := store.Calls(), w.Outbox(); calls != 0 || left != 1 {
			t.Errorf("after reading: the store was called %d times, %d changes are left; want none and 1", calls, left)
		}
		ctx, cancel := context.WithCancel(t.Context())
		tx := w.DB.WithContext(ctx).Begin()
		w.Must(tx.Find(&[]world.Post{}).Error)
		cancel()
		if err := tx.Commit().Error; !errors.Is(err, context.Canceled) && !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("commit of a cancelled transaction: got %v", err)
		}
		w.Check()
	})
}

// TestDeliverUnseen_beforeMigrate: without an outbox, or the right to read it, a
// transaction is committed as it is.
func TestDeliverUnseen_beforeMigrate(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Capture: timakgorm.Triggers, Deliver: timakgorm.OnCommit}})
		w.Must(timakgorm.MigrateDown(t.Context(), w.DB))
		write := func(name string) func(tx *gorm.DB) error {
			return func(tx *gorm.DB) error { return tx.Create(&world.Author{Name: name}).Error }
		}
		w.Must(w.DB.Transaction(write("ann")))
		if dialect == "postgres" {
			w.Must(timakgorm.Migrate(t.Context(), w.DB))
			w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
				w.Must(tx.Exec("CREATE ROLE reader_of_none; GRANT ALL ON authors TO reader_of_none; GRANT ALL ON SEQUENCE authors_id_seq TO reader_of_none; SET LOCAL ROLE reader_of_none").Error)
				return write("bob")(tx)
			}))
			w.Must(w.DB.Exec("DROP OWNED BY reader_of_none; DROP ROLE reader_of_none").Error)
		}
		if n := w.Count("authors"); n == 0 {
			t.Error("no author was written")
		}
	})
}
