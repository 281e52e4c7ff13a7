package timakgorm_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
)

// outboxRow is a row of timak_outbox.
type outboxRow struct {
	ID       int64
	Version  int64
	Tbl, Pk  string
	Old, New *string
	Attempts int
	RunAt    int64
	Error    *string
}

func (outboxRow) TableName() string { return "timak_outbox" }

// changes returns what waits in the outbox.
func (w *world) changes() []outboxRow {
	w.Helper()
	var rows []outboxRow
	w.must(w.db.Order("id").Find(&rows).Error)
	return rows
}

// replay puts changes into the outbox as if they had never left it.
func (w *world) replay(rows ...outboxRow) {
	w.Helper()
	rows = slices.Clone(rows)
	w.must(w.db.Select("version", "tbl", "pk", "old", "new").Create(&rows).Error)
}

// checkVersions checks that those in the outbox rise for every row, by at
// least two.
func (w *world) checkVersions() {
	w.Helper()
	last := map[string]int64{}
	for _, row := range w.changes() {
		if before, found := last[row.Pk]; found && row.Version < before+2 {
			w.Errorf("change %d of row %s: got version %d after %d", row.ID, row.Pk, row.Version, before)
		}
		last[row.Pk] = row.Version
	}
}

// life is what happens to post 20: two changes or more.
type life struct {
	name  string
	steps []func(db *gorm.DB) error
}

var (
	born = func(db *gorm.DB) error {
		return db.Create(&Post{ID: 20, AuthorID: 1, Title: "born", Published: true, CreatedAt: at(20)}).Error
	}
	moves   = func(db *gorm.DB) error { return db.Model(&Post{ID: 20}).Update("author_id", 2).Error }
	back    = func(db *gorm.DB) error { return db.Model(&Post{ID: 20}).Update("author_id", 1).Error }
	redated = func(db *gorm.DB) error { return db.Model(&Post{ID: 20}).Update("created_at", at(-20)).Error }
	titled  = func(db *gorm.DB) error { return db.Model(&Post{ID: 20}).Update("title", "other").Error }
	hidden  = func(db *gorm.DB) error { return db.Model(&Post{ID: 20}).Update("published", false).Error }
	deleted = func(db *gorm.DB) error { return db.Delete(&Post{}, 20).Error }
	purged  = func(db *gorm.DB) error { return db.Unscoped().Delete(&Post{}, 20).Error }
	raised  = func(db *gorm.DB) error {
		return db.Unscoped().Model(&Post{ID: 20}).Update("deleted_at", nil).Error
	}
)

var lives = []life{
	{"moved", []func(*gorm.DB) error{born, moves}},
	{"moved and back", []func(*gorm.DB) error{born, moves, back}},
	{"dated and named anew", []func(*gorm.DB) error{born, redated, titled}},
	{"hidden", []func(*gorm.DB) error{born, hidden}},
	{"deleted", []func(*gorm.DB) error{born, deleted}},
	{"moved and purged", []func(*gorm.DB) error{born, moves, purged}},
	{"deleted and raised", []func(*gorm.DB) error{born, deleted, raised}},
	{"purged and born again", []func(*gorm.DB) error{born, moves, purged, born}},
}

// TestReplays: in whatever order the changes of a row are relayed, one by one,
// together or twice, the last one stands.
func TestReplays(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		for _, life := range lives {
			w.TB = t
			w.must(w.db.Unscoped().Delete(&Post{}, 20).Error)
			w.drain()
			for _, step := range life.steps {
				w.must(step(w.db))
			}
			changes := w.changes()
			w.checkVersions()
			if len(changes) != len(life.steps) {
				t.Fatalf("%s: %d changes in the outbox, want %d", life.name, len(changes), len(life.steps))
			}
			w.must(w.db.Where("1 = 1").Delete(&outboxRow{}).Error) // now none of them was ever relayed
			for _, change := range slices.Backward(changes) {
				w.replay(change)
				w.drain()
			}
			w.check()
			for _, change := range changes {
				w.replay(change, change)
				w.check()
			}
			w.replay(slices.Concat(changes, changes)...)
			w.check()
			slices.Reverse(changes)
			w.replay(changes...)
			if w.check(); t.Failed() {
				t.Fatalf("after %q", life.name)
			}
		}
	})
}

// TestStoppedClock: the changes of a row keep their order while the database's
// clock stands behind the versions that there are: two changes in the same
// microsecond, or a clock that was set back.
func TestStoppedClock(t *testing.T) {
	t.Parallel()
	ways := map[string]func(w *world, steps []func(*gorm.DB) error){
		"in one transaction": func(w *world, steps []func(*gorm.DB) error) {
			w.must(w.db.Transaction(func(tx *gorm.DB) error {
				for _, step := range steps {
					if err := step(tx); err != nil {
						return err
					}
				}
				return nil
			}))
		},
		"in several": func(w *world, steps []func(*gorm.DB) error) {
			for _, step := range steps {
				w.must(step(w.db))
			}
		},
		"relayed each": func(w *world, steps []func(*gorm.DB) error) {
			for _, step := range steps {
				w.must(step(w.db))
				w.checkVersions()
				w.check()
			}
		},
	}
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		high := time.Now().Add(time.Hour).UnixMicro()
		w.clockSetBack(high)
		for name, way := range ways {
			for _, life := range lives {
				w.must(w.db.Unscoped().Delete(&Post{}, 20).Error)
				w.drain()
				way(w, life.steps)
				w.checkVersions()
				for _, change := range w.changes() {
					if change.Version <= high {
						t.Errorf("version %d after one of %d left the outbox", change.Version, high)
					}
				}
				if w.check(); t.Failed() {
					t.Fatalf("after %q, %s", life.name, name)
				}
			}
		}
	})
}

// TestRisingVersions: they rise for a row within a transaction and over
// several, whatever goes on beside them.
func TestRisingVersions(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		for i := range 10 {
			w.must(w.db.Transaction(func(tx *gorm.DB) error {
				return errors.Join(
					tx.Model(&Post{ID: 10}).Update("author_id", 20+i).Error,
					tx.Model(&Post{}).Where("id < ?", 12).Update("title", fmt.Sprint("t", i)).Error,
					tx.Model(&Post{ID: 10}).Update("author_id", 40+i).Error,
				)
			}))
		}
		w.checkVersions()
		w.check()
	})
}

// TestResurrection: a put from before a delete stays without effect, from the
// outbox or from a sibling, also when the delete has been forgotten: then the
// row is looked at as it is now.
func TestResurrection(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		store := memstore.New()
		now := time.Now()
		w := newWorld(t, setup{dialect: dialect, store: store, engine: &timak.Options{
			TombstoneTTL: time.Hour,
			Clock:        func() time.Time { return now },
		}})
		w.must(born(w.db))
		old := w.changes()
		w.drain()
		object, err := store.Get(t.Context(), "author:1:posts")
		w.must(err)
		w.must(deleted(w.db))
		w.check()

		w.replay(old...)
		w.check()
		_, err = store.Put(t.Context(), "author:1:posts", object.Siblings[0], nil)
		w.must(err)
		w.check()

		now = now.Add(2 * time.Hour)
		w.replay(old...)
		w.check()
		w.touchTimelines()
		w.replay(old...)
		w.check()

		w.must(raised(w.db))
		w.must(moves(w.db))
		w.drain()
		now = now.Add(2 * time.Hour)
		w.touchTimelines()
		w.replay(old...)
		w.check()
		w.must(purged(w.db))
		w.check()
		now = now.Add(2 * time.Hour)
		w.touchTimelines()
		w.replay(old...)
		w.check()
	})
}

// touchTimelines writes the timelines of post 20, so that they forget what
// they may.
func (w *world) touchTimelines() {
	w.Helper()
	for author := range uint(3) {
		w.must(w.db.Create(&Post{AuthorID: author, Title: "touch", Published: true}).Error)
	}
	w.drain()
}

// TestLateChange: a put that comes after everything around it was forgotten is
// recorded anew, from the row as it is by then.
func TestLateChange(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		now := time.Now()
		w := newWorld(t, setup{dialect: dialect, engine: &timak.Options{
			TombstoneTTL: time.Hour,
			Clock:        func() time.Time { return now },
		}})
		w.must(born(w.db))
		late := w.changes()
		w.must(w.db.Where("1 = 1").Delete(&outboxRow{}).Error)
		other := Post{AuthorID: 1, Title: "other", Published: true}
		w.must(w.db.Create(&other).Error)
		w.must(w.db.Delete(&other).Error)
		w.wantIDs("author:1:posts")
		now = now.Add(2 * time.Hour)
		w.touchTimelines()
		w.replay(late...)
		w.check()
	})
}
