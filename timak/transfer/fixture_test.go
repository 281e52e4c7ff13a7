package transfer_test

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
	"github.com/timak-go/timak/timak/memstore"
)

// newStore returns an empty store.
func newStore(t testing.TB) *memstore.Store {
	store := memstore.New()
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func at(n int) time.Time { return time.Unix(1_000_000+int64(n), 0) }

func apply(t testing.TB, timelines *timak.Timelines, key string, ops ...timak.Op) {
	t.Helper()
	if _, err := timelines.Apply(t.Context(), key, ops...); err != nil {
		t.Fatal(err)
	}
}

func put(id string, n int) timak.Op { return timak.Put(timak.Item{ID: id, At: at(n)}) }

// addSibling puts what a store has under a key beside what another has.
func addSibling(t testing.TB, from, to driver.Store, key string) {
	t.Helper()
	object, err := from.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range object.Siblings {
		if _, err := to.Put(t.Context(), key, value, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// rich fills a store with everything that a timeline can hold: data, sources, siblings,
// each kind of tombstone, a horizon, a floor, and a place that was seen. Different names
// make different contents under the same keys.
func rich(t testing.TB, store driver.Store, name string) {
	t.Helper()
	now := at(0)
	opts := &timak.Options{MaxItems: 5, TombstoneTTL: time.Hour, Clock: func() time.Time { return now }}
	timelines := timak.New(store, opts)
	for n := range 9 { // falls off: a floor
		item := timak.Item{ID: fmt.Sprint(name, n), At: at(n), Data: []byte("data of " + name)}
		apply(t, timelines, "bounded", timak.Put(item))
	}
	apply(t, timelines, "removed", put("kept", 1), put(name, 2), timak.Remove(name), timak.Remove("item of "+name))
	apply(t, timelines, "sources", timak.Put(timak.Item{ID: "a", At: at(1), Source: name}), timak.Put(timak.Item{ID: "b", At: at(1), Source: name}),
		timak.RemoveEntry("b", name), timak.RemoveSource("source of "+name))
	apply(t, timelines, "collected", put(name, 1), timak.Remove("old"))
	now = now.Add(2 * time.Hour)
	apply(t, timelines, "collected", put(name+"2", 2))
	apply(t, timelines, "floor", put(name, 9), timak.RaiseFloor(timak.Place{At: at(len(name)), ID: name}))
	other := newStore(t)
	apply(t, timak.New(other, opts), "siblings", put("of the other", 1))
	apply(t, timelines, "siblings", put(name, 2), timak.Remove("gone"))
	addSibling(t, other, store, "siblings")
	page, err := timelines.Page(t.Context(), "bounded", timak.Query{Limit: 1})
	if err == nil {
		err = timelines.MarkSeen(t.Context(), "bounded", page.Prev)
	}
	if err != nil {
		t.Fatal(err)
	}
	apply(t, timelines, "only in "+name, put("x", 1))
}

// statesOf returns what a store says under each of its keys.
func statesOf(t testing.TB, store driver.Lister) map[string]state.State {
	t.Helper()
	all := map[string]state.State{}
	for key, err := range store.Keys(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		all[key] = stateOf(t, store, key)
	}
	return all
}

func stateOf(t testing.TB, store any, key string) (all state.State) {
	t.Helper()
	object, err := store.(driver.Store).Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for i, value := range object.Siblings {
		s, err := wire.Decode(key, value)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			all = s
		} else {
			all = state.Merge(all, s)
		}
	}
	return all
}

// together returns what two stores say together.
func together(a, b map[string]state.State) map[string]state.State {
	all := map[string]state.State{}
	for key := range a {
		all[key] = state.Merge(a[key], b[key])
	}
	for key := range b {
		all[key] = state.Merge(b[key], a[key])
	}
	return all
}

func wantStates(t testing.TB, what string, got, want map[string]state.State) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: got %d timelines, want %d", what, len(got), len(want))
	}
	for key, w := range want {
		if g, found := got[key]; !found || !g.Equal(&w) {
			t.Errorf("%s: under %q (found: %v) got\n%+v\nwant\n%+v", what, key, found, g, w)
		}
	}
}

// unlisted is a store that cannot list its keys.
type unlisted struct{ driver.Store }

// haunted lists a key that has been deleted since.
type haunted struct{ *memstore.Store }

func (h haunted) Keys(context.Context, string, string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield("ghost", nil) }
}

// counting counts puts.
type counting struct {
	*memstore.Store
	puts atomic.Int64
}

func (c *counting) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	c.puts.Add(1)
	return c.Store.Put(ctx, key, value, token)
}
