package hooks_test

import (
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestCarry_hiddenOr: conditions with the primary key among them may be about other rows as
// well, if SQL among them has an OR that GORM does not see.
func TestCarry_hiddenOr(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(db *gorm.DB) *gorm.DB{
		"text": func(db *gorm.DB) *gorm.DB {
			return db.Model(&world.Post{ID: 10}).Where("author_id = 5\nOR\nfalse").Update("author_id", 6)
		},
		"value": func(db *gorm.DB) *gorm.DB {
			return db.Model(&world.Post{ID: 10}).Where(map[string]any{"author_id": gorm.Expr("? OR false", 5)}).Update("author_id", 6)
		},
		"raw column": func(db *gorm.DB) *gorm.DB {
			return db.Where(clause.Eq{Column: "author_id", Value: clause.Column{Name: "5 OR false", Raw: true}}).Delete(&world.Post{ID: 10})
		},
	} {
		w := carryWorld(t)
		holder := w.Session()
		w.Drain()
		w.Script(holder, "BEGIN; UPDATE posts SET id = id + 100")
		done := make(chan *gorm.DB, 1)
		go func() { done <- write(w.DB.Unscoped()) }()
		w.AwaitBlocked()
		w.Script(holder, "COMMIT")
		got := <-done
		w.Must(got.Error)
		if n := w.Outbox(); got.RowsAffected != 3 || n != 3 {
			t.Errorf("%s: %d rows are changed, and %d recorded, want 3", name, got.RowsAffected, n)
		}
	}
}

// TestCarry_newTable: a transaction writes a table that is newer than its snapshot.
func TestCarry_newTable(t *testing.T) {
	t.Parallel()
	for form, write := range writes {
		w := carryWorld(t)
		err := w.DB.Transaction(func(tx *gorm.DB) error {
			w.Must(tx.Exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").Error)
			w.Must(tx.Exec("SELECT count(*) FROM timak_outbox").Error)
			w.Script(w.Session(), "ALTER TABLE posts RENAME TO before; CREATE TABLE posts (LIKE before INCLUDING ALL)")
			for id := range uint(2) { // others find it plain
				w.Must(w.DB.Create(&world.Post{ID: 900 + id, AuthorID: 9, Title: "x", Published: true}).Error)
			}
			return write(tx).Error
		})
		if err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// TestCarry_once: a trigger that is new fires once for a statement, also if that finds no row.
func TestCarry_once(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	w.Script(w.Session(), `CREATE TABLE fired (what text);
		CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fired VALUES (TG_OP); RETURN NULL; END $$;
		CREATE TRIGGER fire AFTER UPDATE ON posts FOR EACH STATEMENT EXECUTE FUNCTION fire()`)
	w.Must(w.DB.Model(&world.Post{ID: 999}).Update("title", "none").Error)
	if n := w.Count("fired"); n != 1 {
		t.Errorf("the trigger has fired %d times", n)
	}
}

// TestCarry_sameTextReturning: two statements of one text, of which one returns rows.
func TestCarry_sameTextReturning(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	db := w.DB.Unscoped().Session(&gorm.Session{})
	w.Must(db.Model(&world.Post{}).Where("id = 10 -- RETURNING *").UpdateColumn("author_id", 7).Error)
	var posts []world.Post
	got := db.Model(&posts).Clauses(clause.Returning{}).Where("id = 10 --").UpdateColumn("author_id", 8)
	w.Must(got.Error)
	if got.RowsAffected != 1 {
		t.Errorf("%d rows are changed", got.RowsAffected)
	}
	w.Check()
}
