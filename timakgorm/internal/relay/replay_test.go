package relay_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/internal/eachstore"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// life is what happens to post 20: two changes or more.
type life struct {
	name  string
	steps []func(db *gorm.DB) error
}

var (
	born = func(db *gorm.DB) error {
		return db.Create(&world.Post{ID: 20, AuthorID: 1, Title: "born", Published: true, CreatedAt: world.At(20)}).Error
	}
	moves   = func(db *gorm.DB) error { return db.Model(&world.Post{ID: 20}).Update("author_id", 2).Error }
	back    = func(db *gorm.DB) error { return db.Model(&world.Post{ID: 20}).Update("author_id", 1).Error }
	redated = func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 20}).Update("created_at", world.At(-20)).Error
	}
	titled  = func(db *gorm.DB) error { return db.Model(&world.Post{ID: 20}).Update("title", "other").Error }
	hidden  = func(db *gorm.DB) error { return db.Model(&world.Post{ID: 20}).Update("published", false).Error }
	deleted = func(db *gorm.DB) error { return db.Delete(&world.Post{}, 20).Error }
	purged  = func(db *gorm.DB) error { return db.Unscoped().Delete(&world.Post{}, 20).Error }
	raised  = func(db *gorm.DB) error {
		return db.Unscoped().Model(&world.Post{ID: 20}).Update("deleted_at", nil).Error
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
	world.OverStores(t, func(t *testing.T, s world.Setup) {
		w := world.New(t, s)
		for _, life := range lives {
			w.TB = t
			w.Must(w.DB.Unscoped().Delete(&world.Post{}, 20).Error)
			w.Drain()
			for _, step := range life.steps {
				w.Must(step(w.DB))
			}
			changes := w.Changes()
			w.CheckVersions()
			if len(changes) != len(life.steps) {
				t.Fatalf("%s: %d changes in the outbox, want %d", life.name, len(changes), len(life.steps))
			}
			w.Must(w.DB.Where("1 = 1").Delete(&world.OutboxRow{}).Error) // now none of them was ever relayed
			for _, change := range slices.Backward(changes) {
				w.Replay(change)
				w.Drain()
			}
			w.Check()
			for _, change := range changes {
				w.Replay(change, change)
				w.Check()
			}
			w.Replay(slices.Concat(changes, changes)...)
			w.Check()
			slices.Reverse(changes)
			w.Replay(changes...)
			if w.Check(); t.Failed() {
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
	ways := map[string]func(w *world.World, steps []func(*gorm.DB) error){
		"in one transaction": func(w *world.World, steps []func(*gorm.DB) error) {
			w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
				for _, step := range steps {
					if err := step(tx); err != nil {
						return err
					}
				}
				return nil
			}))
		},
		"in several": func(w *world.World, steps []func(*gorm.DB) error) {
			for _, step := range steps {
				w.Must(step(w.DB))
			}
		},
		"relayed each": func(w *world.World, steps []func(*gorm.DB) error) {
			for _, step := range steps {
				w.Must(step(w.DB))
				w.CheckVersions()
				w.Check()
			}
		},
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		high := time.Now().Add(time.Hour).UnixMicro()
		w.ClockSetBack(high)
		for name, way := range ways {
			for _, life := range lives {
				w.Must(w.DB.Unscoped().Delete(&world.Post{}, 20).Error)
				w.Drain()
				way(w, life.steps)
				w.CheckVersions()
				for _, change := range w.Changes() {
					if change.Version <= high {
						t.Errorf("version %d after one of %d left the outbox", change.Version, high)
					}
				}
				if w.Check(); t.Failed() {
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
	world.OverStores(t, func(t *testing.T, s world.Setup) {
		w := world.New(t, s)
		w.Seed()
		for i := range 10 {
			w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
				return errors.Join(
					tx.Model(&world.Post{ID: 10}).Update("author_id", 20+i).Error,
					tx.Model(&world.Post{}).Where("id < ?", 12).Update("title", fmt.Sprint("t", i)).Error,
					tx.Model(&world.Post{ID: 10}).Update("author_id", 40+i).Error,
				)
			}))
		}
		w.CheckVersions()
		w.Check()
	})
}

// TestResurrection: a put from before a delete stays without effect, from the
// outbox or from a sibling, also when the delete has been forgotten: then the
// row is looked at as it is now.
func TestResurrection(t *testing.T) {
	t.Parallel()
	world.OverStores(t, func(t *testing.T, s world.Setup) {
		store, now := eachstore.Opener(t, s.Kind)(), time.Now()
		s.Store, s.Engine = store, &timak.Options{
			TombstoneTTL: time.Hour,
			Clock:        func() time.Time { return now },
		}
		w := world.New(t, s)
		w.Must(born(w.DB))
		old := w.Changes()
		w.Drain()
		object, err := store.Get(t.Context(), "author:1:posts")
		w.Must(err)
		w.Must(deleted(w.DB))
		w.Check()

		w.Replay(old...)
		w.Check()
		_, err = store.Put(t.Context(), "author:1:posts", object.Siblings[0], nil)
		w.Must(err)
		w.Check()

		now = now.Add(2 * time.Hour)
		w.Replay(old...)
		w.Check()
		touchTimelines(w)
		w.Replay(old...)
		w.Check()

		w.Must(raised(w.DB))
		w.Must(moves(w.DB))
		w.Drain()
		now = now.Add(2 * time.Hour)
		touchTimelines(w)
		w.Replay(old...)
		w.Check()
		w.Must(purged(w.DB))
		w.Check()
		now = now.Add(2 * time.Hour)
		touchTimelines(w)
		w.Replay(old...)
		w.Check()
	})
}

// touchTimelines writes the timelines of post 20, so that they forget what
// they may.
func touchTimelines(w *world.World) {
	w.Helper()
	for author := range uint(3) {
		w.Must(w.DB.Create(&world.Post{AuthorID: author, Title: "touch", Published: true}).Error)
	}
	w.Drain()
}

// TestLateChange: a put that comes after everything around it was forgotten is
// recorded anew, from the row as it is by then.
func TestLateChange(t *testing.T) {
	t.Parallel()
	world.OverStores(t, func(t *testing.T, s world.Setup) {
		now := time.Now()
		s.Engine = &timak.Options{
			TombstoneTTL: time.Hour,
			Clock:        func() time.Time { return now },
		}
		w := world.New(t, s)
		w.Must(born(w.DB))
		late := w.Changes()
		w.Must(w.DB.Where("1 = 1").Delete(&world.OutboxRow{}).Error)
		other := world.Post{AuthorID: 1, Title: "other", Published: true}
		w.Must(w.DB.Create(&other).Error)
		w.Must(w.DB.Delete(&other).Error)
		w.WantIDs("author:1:posts")
		now = now.Add(2 * time.Hour)
		touchTimelines(w)
		w.Replay(late...)
		w.Check()
	})
}
