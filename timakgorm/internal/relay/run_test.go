package relay_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestRunIsWoken: a commit wakes the relay of its process, however the
// transaction was opened: Run does not look by itself for an hour here.
func TestRunIsWoken(t *testing.T) {
	t.Parallel()
	for _, m := range world.Modes {
		t.Run(m.Name, func(t *testing.T) {
			world.OnBoth(t, func(t *testing.T, dialect string) {
				config := m.Config
				w := world.New(t, world.Setup{Dialect: dialect, Config: &config, Options: &timakgorm.Options{Poll: time.Hour}})
				defer w.Run()()
				for i := range 4 { // the first may be found before the relay rests
					w.Must(m.Run(w.DB, func(db *gorm.DB) error {
						return db.Create(&world.Post{AuthorID: 1, Title: fmt.Sprint("t", i), Published: true}).Error
					}))
					w.AwaitRelay()
				}
				w.Must(m.Run(w.DB, func(db *gorm.DB) error { return db.Model(&world.Post{ID: 1}).Update("author_id", 2).Error }))
				w.AwaitRelay()
				w.Must(m.Run(w.DB, func(db *gorm.DB) error { return db.Delete(&world.Post{}, 2).Error }))
				w.AwaitRelay()
				if got := len(w.IDs("author:1:posts")); got != 2 {
					t.Errorf("author 1 has %d items, want 2", got)
				}
				w.Check()
			})
		})
	}
}

// TestRunPolls: the relay finds what another process has committed.
func TestRunPolls(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Poll: 10 * time.Millisecond}})
		other := w.Another(nil)
		defer w.Run()()
		for range 3 {
			w.Must(other.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
			w.AwaitRelay()
		}
		w.Check()
	})
}

// TestRunEnds: at the end of its context Run returns nil, at rest or in the
// middle of a store call, and leaves a change either applied or in the outbox.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		w.Seed()
		w.Drain()
		stop := w.Run()
		w.Await("the relay to rest", func() bool { return w.Outbox() == 0 })
		stop()

		for n := 1; ; n++ {
			w.Must(w.DB.Model(&world.Post{}).Where("id > 0").Update("author_id", n).Error)
			waiting := make(chan struct{})
			var calls atomic.Int64
			store.SetBefore(func(ctx context.Context, _ drivertest.Call) error {
				if calls.Add(1) == int64(n) {
					close(waiting)
					<-ctx.Done()
				}
				return ctx.Err()
			})
			stop := w.Run()
			reached := true
			w.Await("a store call that hangs, or the end of all calls", func() bool {
				select {
				case <-waiting:
					return true
				default:
					reached = w.Outbox() > 0
					return !reached
				}
			})
			if reached && w.Outbox() == 0 {
				t.Fatalf("changes left the outbox before call %d", n)
			}
			stop()
			store.SetBefore(nil)
			w.Check()
			if !reached {
				break
			}
		}
	})
}

// TestNotInUse: a relay without a database says so.
func TestNotInUse(t *testing.T) {
	t.Parallel()
	plugin, err := timakgorm.New(timak.New(memstore.New(), nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := plugin.Run(t.Context()); err == nil {
		t.Error("Run: got no error")
	}
	if err := plugin.Drain(t.Context()); err == nil {
		t.Error("Drain: got no error")
	}
}
