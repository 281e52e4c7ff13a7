package audience_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// held is a call on a key that waits until it is let go.
type held struct{ there, gone chan struct{} }

// hold makes the first call on a key wait.
func hold(store *world.Faulty, key string) held {
	h := held{make(chan struct{}), make(chan struct{})}
	var once sync.Once
	store.SetBefore(func(_ context.Context, call drivertest.Call) error {
		if call.Key == key {
			once.Do(func() {
				close(h.there)
				<-h.gone
			})
		}
		return nil
	})
	return h
}

// beside is another process with the same database, and a store over the same memory.
func beside(w *world.World, store *world.Faulty) (*world.World, *world.Faulty) {
	w.Helper()
	own := world.FaultyOver(store.Memory)
	other := w.Another(nil)
	other.DB = world.OpenDSN(w, w.Dialect, w.DSN, nil)
	other.Timelines = timak.New(own, nil)
	other.Use(nil)
	return other, own
}

// drained drains in the background.
func drained(w *world.World) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		w.Drain()
	}()
	return done
}

// TestFeeds_lateRemoval: two relays hold the same subscription. The removal of the one that
// was overtaken lands last, and that relay never learns that it did.
func TestFeeds_lateRemoval(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w, store := faulty(t, "postgres", by)
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		first, firstStore := beside(w, store)
		early := hold(firstStore, home(7))
		firstDone := drained(first)
		<-early.there // it has looked
		slow := w.DB.Begin()
		w.Must(slow.Create(story(1, 1)).Error)

		late := hold(store, home(7))
		var lost sync.Once
		store.SetAfter(func(_ context.Context, call drivertest.Call) (err error) {
			if call.Key == home(7) && call.Op == drivertest.Put {
				lost.Do(func() { err = driver.ErrUnavailable }) // the write has landed
			}
			return err
		})
		done := drained(w)
		<-late.there // it has looked too, with a higher version
		close(early.gone)
		w.Must(slow.Commit().Error)
		third, _ := beside(w, store)
		third.Await("the story", func() bool {
			_ = third.Plugin.Drain(shortly(third))
			return len(third.IDs(home(7))) == 1
		})
		close(late.gone)
		<-done
		<-firstDone
		w.WantIDs(home(7), "stories:1")
		w.WantDifferences()
	})
}

// shortly is a context for a try that may find the changes taken.
func shortly(w *world.World) context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), 100*time.Millisecond)
	w.Cleanup(cancel)
	return ctx
}
