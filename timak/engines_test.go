package timak_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/timak-go/timak/internal/eachstore"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/bench"
)

// Engines of many processes, with and without a cache, write to one long timeline
// as fast as they can. What one stores the others can read, nothing acknowledged is
// lost, and nothing removed is there.
func TestManyEngines(t *testing.T) {
	t.Parallel()
	const engines, each = 12, 15
	eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
		for name, dates := range map[string]int64{"dates apart": 1 << 40, "dates alike": 3} {
			t.Run(name, func(t *testing.T) {
				store := open()
				replicaOver(store, timak.Options{}).apply(t, manyPuts(200)...)
				want := make([][]string, engines)
				var group sync.WaitGroup
				for n := range engines {
					r := replicaOver(store, timak.Options{CacheBytes: 1<<20*(n%2) - 1})
					group.Go(func() { want[n] = r.writeApart(t, n, each, dates) })
				}
				group.Wait()
				last := replicaOver(store, timak.Options{})
				last.apply(t, timak.Put(timak.Item{ID: "last"}))
				if got := len(bases(last.siblings(t))); got != 1 {
					t.Errorf("%d siblings are left", got)
				}
				got := slices.DeleteFunc(last.ids(t), func(id string) bool { return id == "last" })
				if d := diff(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(slices.Concat(want...)))); d != "" {
					t.Errorf("items (-want +got)\n%s", d)
				}
			})
		}
	})
}

func manyPuts(n int) []timak.Op {
	ops := make([]timak.Op, n)
	for i := range ops {
		ops[i] = timak.Put(timak.Item{ID: fmt.Sprint("posts:", i), At: at(int64(i) << 32), Data: []byte("an old one")})
	}
	return ops
}

// writeApart puts and removes items that no other engine touches, and returns the
// ids of those that remain.
func (r replica) writeApart(t tb, n, writes int, dates int64) []string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	left := []string{}
	for i := n; i < 200; i += 12 {
		left = append(left, fmt.Sprint("posts:", i))
	}
	for i := range writes {
		item := timak.Item{ID: fmt.Sprintf("engines:%d:%d", n, i), At: at(random.Int64N(dates)), Data: fmt.Appendf(nil, "by %d, the %d-th", n, i)}
		removed := left[0]
		results, err := r.Apply(t.Context(), key, timak.Put(item), timak.Remove(removed))
		if err != nil {
			t.Errorf("Apply: %v", err)
			return nil
		}
		if results[0].Outcome != timak.Applied || results[1].Outcome != timak.Applied {
			t.Errorf("engine %d, write %d: got %v", n, i, results)
		}
		left = append(left[1:], item.ID)
	}
	return left
}

// Engines of many processes add to one long timeline, and remove from it now and then, as fast
// as they can. Nothing acknowledged is lost, and nothing removed is there.
func TestManyEnginesAdd(t *testing.T) {
	t.Parallel()
	const engines, each = 8, 24
	eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
		store := open()
		replicaOver(store, timak.Options{}).apply(t, bench.Fill(600, bench.Post)...)
		var group sync.WaitGroup
		var additions atomic.Int64
		for n := range engines {
			r := replicaOver(store, timak.Options{CacheBytes: 16<<20*(n%2) - 1})
			group.Go(func() {
				r.addApart(t, n, engines, each)
				additions.Add(r.Stats().Additions)
			})
		}
		group.Wait()
		if _, adds := store.(driver.Adder); adds && additions.Load() == 0 {
			t.Error("no addition was made")
		}
		var want []string
		for n := range 600 + engines*each {
			if n >= 600 || n%engines != 0 || n/engines >= each/8 {
				want = append(want, bench.Post(n).ID)
			}
		}
		last := replicaOver(store, timak.Options{})
		if d := diff(slices.Sorted(slices.Values(last.ids(t))), slices.Sorted(slices.Values(want))); d != "" {
			t.Errorf("items (-want +got)\n%s", d)
		}
	})
}

// addApart puts items that no other engine puts. The first engine removes one of the oldest with
// every eighth of them.
func (r replica) addApart(t tb, n, engines, writes int) {
	for i := range writes {
		ops := []timak.Op{timak.Put(bench.Post(600 + i*engines + n))}
		if n == 0 && i%8 == 7 {
			ops = append(ops, timak.Remove(bench.Post(i/8*engines).ID))
		}
		if _, err := r.Apply(t.Context(), key, ops...); err != nil {
			t.Errorf("Apply: %v", err)
			return
		}
		if i%6 == 0 {
			if _, err := r.Page(t.Context(), key, timak.Query{}); err != nil {
				t.Errorf("Page: %v", err)
			}
		}
	}
}
