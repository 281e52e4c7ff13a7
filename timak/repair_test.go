package timak_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
)

// foreign returns the value of an engine elsewhere that put these ids.
func foreign(t tb, opts timak.Options, ids ...string) []byte {
	t.Helper()
	r := newReplica(opts)
	for i, id := range ids {
		r.apply(t, timak.Put(timak.Item{ID: id, At: at(int64(i)), Data: []byte(id)}))
	}
	return r.siblings(t)[0]
}

// TestRepair: a read that met siblings replaces them by one value, and shows the
// same as before.
func TestRepair(t *testing.T) {
	t.Parallel()
	reads := map[string]func(r replica, t tb) []string{
		"Get": func(r replica, t tb) []string { return r.ids(t) },
		"Page": func(r replica, t tb) []string {
			page, err := r.Page(t.Context(), key, timak.Query{})
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, item := range page.Items {
				ids = append(ids, item.ID)
			}
			return ids
		},
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newReplica(timak.Options{})
				r.receive(t, foreign(t, timak.Options{}, "a", "b"), foreign(t, timak.Options{}, "a", "c"), foreign(t, timak.Options{}, "d"))
				before := read(r, t)
				synctest.Wait()
				if got := len(r.siblings(t)); got != 1 {
					t.Errorf("%d siblings after a read, want 1", got)
				}
				if after := read(r, t); !cmp.Equal(before, after) || len(after) != 4 {
					t.Errorf("the items were %q, and after the repair %q", before, after)
				}
				if got := r.Stats(); got.Repairs != 1 || got.FailedRepairs != 0 || got.Merges != 1 {
					t.Errorf("got %+v, want one merge and one repair", got)
				}
			})
		})
	}
}

// TestRepair_readerWithOtherBounds: a reader that shows few items removes nothing
// for readers that show more.
func TestRepair_readerWithOtherBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplica(timak.Options{})
		r.receive(t, foreign(t, timak.Options{}, "a", "b", "c"), foreign(t, timak.Options{}, "d", "e"))
		short := replica{r.Bounded(1), r.store}
		if got := short.ids(t); len(got) != 1 {
			t.Errorf("got %q, want one item", got)
		}
		synctest.Wait()
		if got := r.ids(t); len(got) != 5 || len(r.siblings(t)) != 1 {
			t.Errorf("got %q in %d siblings, want five items in one", got, len(r.siblings(t)))
		}
	})
}

// TestRepair_fails: a store that refuses writes is still read as usual, whatever
// happens to the reader's context.
func TestRepair_fails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := drivertest.NewFailing(memstore.New())
		r := replicaOver(store, timak.Options{})
		r.receive(t, foreign(t, timak.Options{}, "a"), foreign(t, timak.Options{}, "b"))
		store.Before = func(_ context.Context, call drivertest.Call) error {
			if call.Op == drivertest.Put && call.NOfOp > 2 {
				return driver.ErrUnavailable
			}
			return nil
		}
		if got := r.ids(t); len(got) != 2 {
			t.Errorf("got %q, want both items", got)
		}
		synctest.Wait()
		if got := r.Stats(); got.FailedRepairs != 1 || got.Repairs != 0 || len(r.siblings(t)) != 2 {
			t.Errorf("got %+v and %d siblings, want one failed repair and two siblings", got, len(r.siblings(t)))
		}
	})
}

// TestRepair_cancelledReader: the reader may leave as soon as it has its items.
func TestRepair_cancelledReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplica(timak.Options{})
		r.receive(t, foreign(t, timak.Options{}, "a"), foreign(t, timak.Options{}, "b"))
		ctx, cancel := context.WithCancel(t.Context())
		timeline, err := r.Get(ctx, key)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		clear(timeline.Items()[0].Data) // it belongs to the reader
		synctest.Wait()
		if got := r.items(t); len(r.siblings(t)) != 1 || string(got[0].Data) != got[0].ID {
			t.Errorf("got %q in %d siblings, want the items as they were, in one", got, len(r.siblings(t)))
		}
	})
}

// gated is a store whose writes wait for its gate.
type gated struct {
	driver.Store
	gate chan struct{}
	mu   sync.Mutex
	puts int
}

func (g *gated) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	g.mu.Lock()
	g.puts++
	g.mu.Unlock()
	<-g.gate
	return g.Store.Put(ctx, key, value, token)
}

// TestRepair_oneAtATime: many reads of a key repair it once, and repairs of many
// keys do not wait for one another.
func TestRepair_oneAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &gated{Store: memstore.New(), gate: make(chan struct{})}
		engine := timak.New(store, nil)
		const keys, most = 40, 16
		for k := range keys {
			for _, id := range []string{"a", "b"} {
				r := newReplica(timak.Options{})
				if _, err := r.Add(t.Context(), fmt.Sprint(k), timak.Item{ID: id}); err != nil {
					t.Fatal(err)
				}
				object, err := r.store.Get(t.Context(), fmt.Sprint(k))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := store.Store.Put(t.Context(), fmt.Sprint(k), object.Siblings[0], nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 3 {
			for k := range keys {
				if timeline, err := engine.Get(t.Context(), fmt.Sprint(k)); err != nil || timeline.Len() != 2 {
					t.Errorf("got %v, %v, want two items", timeline.IDs(), err)
				}
			}
		}
		synctest.Wait()
		if store.puts != most {
			t.Errorf("%d repairs under way, want %d, each of another key", store.puts, most)
		}
		close(store.gate)
	})
}
