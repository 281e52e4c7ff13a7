package watchers_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// putPhantom puts an item of no row on timelines.
func putPhantom(w *world.World, keys ...string) {
	w.Helper()
	for _, key := range keys {
		_, err := w.Timelines.Apply(w.Context(), key, timak.Put(timak.Item{ID: "posts:9", At: world.At(1)}))
		w.Must(err)
	}
}

// isGone waits for a key after which its timeline is empty.
func (r reader) isGone(key string) {
	r.Helper()
	for r.next() != key || len(r.IDs(key)) > 0 {
	}
}

// TestWatch_rebuild: what Rebuild takes away in another process, it tells of. On SQLite that
// has looked at the file while the store was slow.
func TestWatch_rebuild(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Options: world.Quick()})
		other := w.Another(nil)
		r := watching(w, key)
		for range 3 {
			putPhantom(w, key)
			store.SetBefore(func(_ context.Context, call drivertest.Call) error {
				if call.Op == drivertest.Put && call.Key == key {
					time.Sleep(50 * time.Millisecond)
				}
				return nil
			})
			_, err := other.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{key}})
			w.Must(err)
			store.SetBefore(nil)
			r.isGone(key)
		}
	})
}

// TestWatch_rebuildFails: a Rebuild that fails at one timeline tells of the other.
func TestWatch_rebuildFails(t *testing.T) {
	t.Parallel()
	const bad = "author:2:posts"
	store := world.NewFaulty()
	w := world.New(t, world.Setup{Dialect: "postgres", Store: store, Options: &timakgorm.Options{Poll: time.Hour}})
	r := watching(w, key)
	listening(w, 1)
	for range 3 { // the first may be told of as listening begins
		putPhantom(w, key, bad)
		store.SetBefore(func(ctx context.Context, call drivertest.Call) error {
			if call.Key != bad || call.Op != drivertest.Put {
				return nil
			}
			for len(w.IDs(key)) > 0 && ctx.Err() == nil { // the other one is written first
				time.Sleep(time.Millisecond)
			}
			return errors.New("slow disk")
		})
		if _, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{key, bad}}); err == nil {
			t.Fatal("Rebuild gave no error")
		}
		store.SetBefore(nil)
		r.isGone(key)
	}
}

// TestWatch_salvage: a damaged timeline that Rebuild has salvaged is told of.
func TestWatch_salvage(t *testing.T) {
	t.Parallel()
	store := world.NewFaulty()
	w := world.New(t, world.Setup{Dialect: "postgres", Store: store, Options: &timakgorm.Options{Poll: time.Hour}})
	r := watching(w, key)
	listening(w, 1)
	for range 3 {
		putPhantom(w, key)
		object, err := store.Memory.Get(t.Context(), key)
		w.Must(err)
		damaged := append([]byte{}, object.Siblings[0]...)
		damaged[len(damaged)-1] ^= 0xff
		_, err = store.Memory.Put(t.Context(), key, damaged, object.Token)
		w.Must(err)
		_, err = w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{key}})
		w.Must(err)
		r.isGone(key)
	}
}
