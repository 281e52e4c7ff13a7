package hooks_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Page is one of a book, with a key of two columns.
type Page struct {
	Book      string `gorm:"primaryKey"`
	Number    int    `gorm:"primaryKey;autoIncrement:false"`
	Shelf     int
	Title     string
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt

	_ timakgorm.Timeline `timak:"key=shelf:{Shelf}; data=Title; max=1000"`
}

// TestSpill: statements about many rows, whose old images stay in the database.
func TestSpill(t *testing.T) {
	t.Parallel()
	const rows = 260
	all := func(db *gorm.DB) *gorm.DB { return db.Session(&gorm.Session{AllowGlobalUpdate: true}) }
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Page{}}, Tracked: []any{&Page{}}})
		check := func(name string) {
			t.Helper()
			w.Drain()
			if w.WantDifferences(); t.Failed() {
				t.Fatalf("after %s", name)
			}
		}
		fill := func() {
			w.Must(all(w.DB).Unscoped().Delete(&Page{}).Error)
			pages := make([]Page, rows)
			for i := range pages {
				pages[i] = Page{Book: fmt.Sprintf(`a "b'%% ?ü%d`, i%7), Number: i, Shelf: i % 3, Title: fmt.Sprint("page ", i), CreatedAt: world.At(i)}
			}
			w.Must(w.DB.CreateInBatches(pages, 100).Error)
			check("filling")
		}
		changes := map[string]func(db *gorm.DB) *gorm.DB{
			"a key change": func(db *gorm.DB) *gorm.DB {
				return db.Model(&Page{}).Where("1 = 1").Update("shelf", gorm.Expr("shelf + 1"))
			},
			"another change": func(db *gorm.DB) *gorm.DB {
				return db.Model(&Page{}).Where("shelf < ? OR shelf = 2", 2).Update("title", "new")
			},
			"no change": func(db *gorm.DB) *gorm.DB {
				return db.Model(&Page{}).Where("1 = 1").Update("title", gorm.Expr("title"))
			},
			"a soft delete": func(db *gorm.DB) *gorm.DB { return db.Where("number > ?", 10).Delete(&Page{}) },
			"a delete":      func(db *gorm.DB) *gorm.DB { return db.Unscoped().Where("number > ?", 10).Delete(&Page{}) },
			"a change of a change": func(db *gorm.DB) *gorm.DB {
				db.Model(&Page{}).Where("1 = 1").Update("shelf", 2)
				return db.Model(&Page{}).Where("shelf = 2").Update("shelf", 4)
			},
			"rows by chance": func(db *gorm.DB) *gorm.DB {
				return db.Model(&Page{}).Where("number IN (SELECT number FROM pages WHERE deleted_at IS NULL ORDER BY random() LIMIT 230)").Update("shelf", 8)
			},
			"a key by a primary key": func(db *gorm.DB) *gorm.DB {
				return db.Model(&Page{}).Where("1 = 1").Update("number", gorm.Expr("number + 10000"))
			},
			"a table by an alias": func(db *gorm.DB) *gorm.DB { return db.Table("pages AS p").Where("p.number > 5").Update("shelf", 5) },
			"a restore": func(db *gorm.DB) *gorm.DB {
				db.Where("number > ?", 10).Delete(&Page{})
				return db.Unscoped().Model(&Page{}).Where("deleted_at IS NOT NULL").Updates(map[string]any{"deleted_at": nil, "shelf": 3})
			},
		}
		for name, change := range changes {
			fill()
			got := change(w.DB)
			w.Must(got.Error)
			if name == "rows by chance" && got.RowsAffected != 230 {
				t.Errorf("%s: %d rows, want 230", name, got.RowsAffected)
			}
			check(name)

			fill()
			undo := errors.New("undo")
			if err := w.DB.Transaction(func(tx *gorm.DB) error { return errors.Join(change(tx).Error, undo) }); !errors.Is(err, undo) {
				t.Fatal(err)
			}
			check(name + ", rolled back")
			w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
				err := tx.Transaction(func(tx *gorm.DB) error { return errors.Join(change(tx).Error, undo) })
				if !errors.Is(err, undo) {
					return fmt.Errorf("nested: %w", err)
				}
				return change(tx).Error
			}))
			check(name + ", in a transaction, after a savepoint")
		}
	})
}

// TestSpill_fails: a statement that fails in the midst of many rows has changed
// none of them, and nothing of it is left.
func TestSpill_fails(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "sqlite", Models: []any{&Page{}}, Tracked: []any{&Page{}}})
	pages := make([]Page, 500)
	for i := range pages {
		pages[i] = Page{Book: "b", Number: i, Shelf: i, Title: "t", CreatedAt: world.At(i)}
	}
	w.Must(w.DB.CreateInBatches(pages, 100).Error)
	w.Must(w.DB.Exec("CREATE UNIQUE INDEX shelves ON pages (shelf)").Error)
	w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
		if err := tx.Model(&Page{}).Where("1 = 1").Update("shelf", gorm.Expr("shelf % 400")).Error; err == nil {
			return errors.New("got no error")
		}
		return tx.Model(&Page{}).Where("number < ?", 300).Update("title", "new").Error
	}))
	w.Drain()
	w.WantDifferences()
	var left int
	w.Must(w.DB.Connection(func(tx *gorm.DB) error {
		return tx.Raw("SELECT count(*) FROM pages WHERE title = 'new'").Scan(&left).Error
	}))
	if left != 300 {
		t.Errorf("got %d new titles, want 300", left)
	}
}

// Token's key is an integer as its model says.
type Token struct {
	ID        int
	Queue     int
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=queue:{Queue}; max=1000"`
}

// TestSpill_integers: SQLite keeps other values than integers in a column of
// integers, as long as that is not the number of the row.
func TestSpill_integers(t *testing.T) {
	t.Parallel()
	const rows = 260
	dsn := world.NewDSN(t, "sqlite")
	created := world.OpenDSN(t, "sqlite", dsn, nil).Exec("CREATE TABLE tokens (id int PRIMARY KEY, queue int, created_at datetime)")
	w := world.New(t, world.Setup{Dialect: "sqlite", DSN: dsn, Tracked: []any{&Token{}}})
	w.Must(created.Error)
	stranger := w.Stranger()
	add := func(id any) {
		t.Helper()
		_, err := stranger.ExecContext(t.Context(), "INSERT INTO tokens VALUES (?, 1, ?)", id, world.At(0))
		w.Must(err)
	}
	for i := range rows {
		add(i)
	}
	move := func() *gorm.DB { return w.DB.Model(&Token{}).Where("1 = 1").Update("queue", gorm.Expr("queue + 1")) }
	w.Must(move().Error)
	w.Drain()
	if n := len(w.IDs("queue:2")); n != rows {
		t.Errorf("%d integers are on the timeline, want %d", n, rows)
	}

	add(nil)
	if err := move().Error; !errors.Is(err, timakgorm.ErrUncaptured) {
		t.Errorf("update of a row without a key: got %v, want ErrUncaptured", err)
	}
	_, err := stranger.ExecContext(t.Context(), "DELETE FROM tokens WHERE id IS NULL")
	w.Must(err)

	for _, id := range []any{"ten", 10.5, "12x"} {
		add(id)
	}
	w.Must(move().Error)
	w.Drain()
	if n := len(w.IDs("queue:3")); n != rows {
		t.Errorf("%d integers are on the timeline, want %d", n, rows)
	}
	w.WantIDs("queue:2") // nobody could load those
	letters := w.DeadLetters()
	if len(letters) != 3 {
		t.Fatalf("dead letters: got %+v, want those of three rows", letters)
	}
	for i, id := range []string{`"ten"`, `10.5`, `"12x"`} {
		letter := letters[i]
		if letter.Pk != "["+id+"]" || !strings.HasPrefix(letter.Error, `column "id" is `+id+": expected an integer") ||
			letter.Old == nil || !strings.Contains(*letter.Old, `"queue":1`) || letter.New == nil || !strings.Contains(*letter.New, `"queue":2`) {
			t.Errorf("dead letter: got %+v, want the change of row %s", letter, id)
		}
	}
}
