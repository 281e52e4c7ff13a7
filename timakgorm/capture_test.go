package timakgorm_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"
)

// seed is what every operation starts from: five posts of two authors, one of
// them a draft, one deleted.
func (w *world) seed() {
	w.Helper()
	w.must(w.db.Create(&[]Author{{ID: 1, Name: "ann"}, {ID: 2, Name: "bob"}}).Error)
	posts := make([]Post, 5)
	for i := range posts {
		posts[i] = Post{ID: uint(i + 10), AuthorID: uint(i%2 + 1), Title: fmt.Sprint("t", i), Published: i != 3, CreatedAt: at(i)}
	}
	w.must(w.db.Create(&posts).Error)
	w.must(w.db.Delete(&posts[4]).Error)
	if w.db.Name() == "postgres" {
		w.must(w.db.Exec("SELECT setval('posts_id_seq', 100), setval('authors_id_seq', 100)").Error)
	}
}

func at(i int) time.Time { return time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC) }

// mode is a way to run an operation.
type mode struct {
	name   string
	config gorm.Config
	run    func(db *gorm.DB, op func(*gorm.DB) error) error
}

func plainly(db *gorm.DB, op func(*gorm.DB) error) error { return op(db) }

func inTransaction(db *gorm.DB, op func(*gorm.DB) error) error { return db.Transaction(op) }

var modes = []mode{
	{"default", gorm.Config{}, plainly},
	{"explicit", gorm.Config{}, inTransaction},
	{"nested", gorm.Config{}, func(db *gorm.DB, op func(*gorm.DB) error) error {
		return db.Transaction(func(tx *gorm.DB) error { return tx.Transaction(op) })
	}},
	{"prepared", gorm.Config{PrepareStmt: true}, plainly},
	{"prepared explicit", gorm.Config{PrepareStmt: true}, inTransaction},
	{"no default transaction", gorm.Config{SkipDefaultTransaction: true}, plainly},
}

func TestCapture(t *testing.T) {
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, dialect string) {
				config := m.config
				w := newWorld(t, setup{dialect: dialect, config: &config})
				for _, op := range operations {
					w.TB = t
					w.reset()
					w.seed()
					w.check()
					if t.Failed() {
						t.Fatalf("before %q", op.name)
					}
					if err := runIn(m, w.db, op); err != nil {
						t.Errorf("%s: %v", op.name, err)
					}
					w.check()
					if t.Failed() {
						t.Fatalf("after %q", op.name)
					}
				}
			})
		})
	}
}

// runIn runs an operation in a mode; one that means to fail may break the
// transaction it is in.
func runIn(m mode, db *gorm.DB, op operation) error {
	if op.name == "create that fails" {
		_ = m.run(db, func(tx *gorm.DB) error {
			return errors.Join(op.run(tx), errors.New("roll back"))
		})
		return nil
	}
	return m.run(db, op.run)
}

// reset empties the tables, through the plugin.
func (w *world) reset() {
	w.Helper()
	all := w.db.Session(&gorm.Session{AllowGlobalUpdate: true})
	w.must(all.Unscoped().Delete(&Post{}).Error)
	w.must(all.Delete(&Author{}).Error)
	w.drain()
}

// TestUnchanged: a change that touches nothing a rule names does nothing.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		w.drain()
		for _, op := range operations {
			switch op.name {
			case "update nothing that a rule names", "update nobody", "upsert that does nothing", "dry run", "delete a soft-deleted post for good":
				w.must(op.run(w.db))
				if n := w.outbox(); n != 0 {
					t.Errorf("%s: %d rows in the outbox, want none", op.name, n)
				}
			}
		}
	})
}

func (w *world) posts() string {
	w.Helper()
	var posts []Post
	w.must(w.db.Unscoped().Order("id").Find(&posts).Error)
	return fmt.Sprint(posts)
}
