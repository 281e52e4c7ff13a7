package timakgorm_test

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
)

// patience is how long a test waits for what should be there at once.
const patience = 20 * time.Second

// run starts the relay, and returns what stops it and checks that it returns.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- w.plugin.Run(ctx) }()
	return func() {
		w.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				w.Errorf("Run: %v, want nil", err)
			}
		case <-time.After(patience):
			w.Fatal("Run has not returned after the end of its context")
		}
	}
}

// await waits until something is so.
func (w *world) await(what string, so func() bool) {
	w.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// awaitRelay waits until Run has applied all changes.
func (w *world) awaitRelay() {
	w.Helper()
	w.await("the relay to empty the outbox", func() bool { return w.outbox() == 0 })
}

// TestRunIsWoken: a commit wakes the relay of its process, however the
// transaction was opened: Run does not look by itself for an hour here.
func TestRunIsWoken(t *testing.T) {
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, dialect string) {
				config := m.config
				w := newWorld(t, setup{dialect: dialect, config: &config, options: &timakgorm.Options{Poll: time.Hour}})
				defer w.run()()
				for i := range 4 { // the first may be found before the relay rests
					w.must(m.run(w.db, func(db *gorm.DB) error {
						return db.Create(&Post{AuthorID: 1, Title: fmt.Sprint("t", i), Published: true}).Error
					}))
					w.awaitRelay()
				}
				w.must(m.run(w.db, func(db *gorm.DB) error { return db.Model(&Post{ID: 1}).Update("author_id", 2).Error }))
				w.awaitRelay()
				w.must(m.run(w.db, func(db *gorm.DB) error { return db.Delete(&Post{}, 2).Error }))
				w.awaitRelay()
				if got := len(w.ids("author:1:posts")); got != 2 {
					t.Errorf("author 1 has %d items, want 2", got)
				}
				w.check()
			})
		})
	}
}

// TestRunPolls: the relay finds what another process has committed.
func TestRunPolls(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect, options: &timakgorm.Options{Poll: 10 * time.Millisecond}})
		other := w.another(nil)
		defer w.run()()
		for range 3 {
			w.must(other.db.Create(&Post{AuthorID: 1, Published: true}).Error)
			w.awaitRelay()
		}
		w.check()
	})
}

// TestRunEnds: at the end of its context Run returns nil, at rest or in the
// middle of a store call, and leaves a change either applied or in the outbox.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		store := newFaulty()
		w := newWorld(t, setup{dialect: dialect, store: store})
		w.seed()
		w.drain()
		stop := w.run()
		w.await("the relay to rest", func() bool { return w.outbox() == 0 })
		stop()

		for n := 1; ; n++ {
			w.must(w.db.Model(&Post{}).Where("id > 0").Update("author_id", n).Error)
			waiting := make(chan struct{})
			var calls atomic.Int64
			store.before(func(ctx context.Context, _ drivertest.Call) error {
				if calls.Add(1) == int64(n) {
					close(waiting)
					<-ctx.Done()
				}
				return ctx.Err()
			})
			stop := w.run()
			reached := true
			w.await("a store call that hangs, or the end of all calls", func() bool {
				select {
				case <-waiting:
					return true
				default:
					reached = w.outbox() > 0
					return !reached
				}
			})
			if reached && w.outbox() == 0 {
				t.Fatalf("changes left the outbox before call %d", n)
			}
			stop()
			store.before(nil)
			w.check()
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
