package timak_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
)

// counted is a store that holds every Put until its gate opens, refuses values
// above a size, and counts calls.
type counted struct {
	driver.Store
	gate       chan struct{}
	most       int
	panicAt    int64 // which Get panics; 0 for none
	gets, puts atomic.Int64
}

func newCounted() *counted {
	return &counted{Store: memstore.New(), gate: make(chan struct{}), most: 1 << 20}
}

func (c *counted) Get(ctx context.Context, key string) (driver.Object, error) {
	if c.gets.Add(1) == c.panicAt {
		panic("the store is broken")
	}
	return c.Store.Get(ctx, key)
}

func (c *counted) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	c.puts.Add(1)
	select {
	case <-c.gate:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if len(value) > c.most {
		return nil, driver.ErrTooLarge
	}
	return c.Store.Put(ctx, key, value, token)
}

// TestGroupCommit: changes that arrive while one is in progress share a read and a
// write, each with its own outcome.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const writers = 64
		store := newCounted()
		r := replicaOver(store, timak.Options{MaxItems: 100})
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				id := fmt.Sprint(w)
				tl, err := r.Add(t.Context(), key, timak.Item{ID: id, At: at(int64(w))})
				if err != nil || !strings.Contains(fmt.Sprint(tl.IDs()), id) {
					t.Errorf("Add(%s): got %v, %v; want it there", id, tl.IDs(), err)
				}
			})
			synctest.Wait() // so that they arrive in this order
		}
		close(store.gate)
		wg.Wait()
		if gets, puts := store.gets.Load(), store.puts.Load(); gets != 2 || puts != 2 {
			t.Errorf("%d reads and %d writes, want two of each: of the first and of the others", gets, puts)
		}
		if got := len(r.ids(t)); got != writers {
			t.Errorf("got %d items, want %d", got, writers)
		}
	})
}

// TestGroupCommit_ownData: what a caller does with the data it gets does not affect
// the others in its group.
func TestGroupCommit_ownData(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newCounted()
		r := replicaOver(store, timak.Options{Uncompressed: true})
		var wg sync.WaitGroup
		for w := range 5 {
			wg.Go(func() {
				tl, err := r.Add(t.Context(), key, timak.Item{ID: fmt.Sprint(w), Data: []byte("data")})
				if err != nil {
					t.Error(err)
				}
				for _, item := range tl.Items() {
					if string(item.Data) != "data" {
						t.Errorf("%s has %q", item.ID, item.Data)
					}
					clear(item.Data)
				}
			})
			synctest.Wait()
		}
		close(store.gate)
		wg.Wait()
	})
}

// TestGroupCommit_outcomes: each outcome is as if the change had been made alone,
// in order of arrival.
func TestGroupCommit_outcomes(t *testing.T) {
	t.Parallel()
	changes := [][]timak.Op{
		{timak.Put(timak.Item{ID: "a", At: at(1)}).WithVersion(5)},
		{timak.Put(timak.Item{ID: "a", At: at(2)}).WithVersion(4), timak.Put(timak.Item{ID: "b", At: at(9)})},
		{timak.Remove("a")},
		{timak.Put(timak.Item{ID: "a", At: at(3)}).WithVersion(6)},
		{timak.Put(timak.Item{ID: "c", At: at(8)}), timak.Put(timak.Item{ID: "d", At: at(7)})},
		{timak.RemoveEntry("zzz", "")},
		{timak.Put(timak.Item{ID: "e", At: at(1)})},
	}
	alone := newReplica(timak.Options{MaxItems: 2})
	var want [][]timak.Result
	for _, ops := range changes {
		want = append(want, alone.apply(t, ops...))
	}
	synctest.Test(t, func(t *testing.T) {
		store := newCounted()
		r := replicaOver(store, timak.Options{MaxItems: 2})
		got := make([][]timak.Result, len(changes))
		var wg sync.WaitGroup
		wg.Go(func() { r.apply(t, timak.RemoveEntry("nothing", "")) })
		synctest.Wait()
		for i, ops := range changes {
			wg.Go(func() { got[i] = r.apply(t, ops...) })
			synctest.Wait()
		}
		close(store.gate)
		wg.Wait()
		if d := diff(got, want); d != "" {
			t.Errorf("outcomes (-alone +together)\n%s", d)
		}
		if d := diff(r.items(t), alone.items(t)); d != "" {
			t.Errorf("items (-alone +together)\n%s", d)
		}
	})
}

// TestGroupCommit_timelines: what each caller sees is as if its change had been
// made alone, in order of arrival, however late it looks.
func TestGroupCommit_timelines(t *testing.T) {
	t.Parallel()
	const adds = 6
	run := func(t *testing.T, r replica, n int) timak.Timeline {
		add := func() (timak.Timeline, error) {
			if n == 3 {
				return r.Delete(t.Context(), key, "1")
			}
			return r.Add(t.Context(), key, timak.Item{ID: fmt.Sprint(n % 4), At: at(int64(n % 3)), Data: fmt.Append(nil, "of the ", n)})
		}
		tl, err := add()
		if err != nil {
			t.Error(err)
		}
		return tl
	}
	alone := newReplica(timak.Options{MaxItems: 3})
	want := make([][]timak.Item, adds)
	for n := range want {
		run(t, alone, n)
		want[n] = alone.items(t)
	}
	synctest.Test(t, func(t *testing.T) {
		store := newCounted()
		r := replicaOver(store, timak.Options{MaxItems: 3})
		got := make([]timak.Timeline, adds)
		var wg sync.WaitGroup
		wg.Go(func() { r.apply(t, timak.RemoveEntry("nothing", "")) })
		synctest.Wait()
		for n := range got {
			wg.Go(func() { got[n] = run(t, r, n) })
			synctest.Wait()
		}
		close(store.gate)
		wg.Wait()
		for n := range got {
			if d := diff(got[n].Items(), want[n]); d != "" {
				t.Errorf("timeline %d (-alone +together)\n%s", n, d)
			}
		}
	})
}

// TestGroupCommit_cancelled: a caller that leaves does not affect the others, but
// when all have left, the store is not called in vain.
func TestGroupCommit_cancelled(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			store := newCounted()
			r := replicaOver(store, timak.Options{})
			first, stopFirst := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = r.Add(first, key, timak.Item{ID: "first"}) })
			synctest.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			errs := make([]error, 4)
			data := []byte("data")
			for i := range errs {
				wg.Go(func() {
					caller := ctx
					if i == 3 && !all {
						caller = t.Context()
					}
					_, errs[i] = r.Add(caller, key, timak.Item{ID: fmt.Sprint(i), Data: data})
				})
			}
			synctest.Wait()
			stopFirst() // the others now form a group and wait for the gate
			synctest.Wait()
			cancel()
			synctest.Wait()
			if !all {
				close(store.gate)
			}
			wg.Wait() // if all have left, without the gate
			clear(data)
			for i, err := range errs[:3] {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%d: got %v, want context.Canceled", i, err)
				}
			}
			if all != errors.Is(errs[3], context.Canceled) {
				t.Errorf("all gone %v: the last got %v", all, errs[3])
			}
		})
	}
}

// TestGroupCommit_tooLarge: a change that does not fit does not affect the others.
func TestGroupCommit_tooLarge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newCounted()
		store.most = 1000
		r := replicaOver(store, timak.Options{Uncompressed: true})
		errs := make([]error, 6)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				size := 10
				if i == 3 {
					size = 5000
				}
				_, errs[i] = r.Apply(t.Context(), key, timak.Put(timak.Item{ID: fmt.Sprint(i), Data: make([]byte, size)}))
			})
			synctest.Wait()
		}
		close(store.gate)
		wg.Wait()
		for i, err := range errs {
			if (i == 3) != errors.Is(err, driver.ErrTooLarge) || i != 3 && err != nil {
				t.Errorf("%d: got %v", i, err)
			}
		}
		if got := len(r.ids(t)); got != 5 {
			t.Errorf("got %d items, want 5", got)
		}
	})
}

// TestGroupCommit_panics: if the store panics, its callers panic.
func TestGroupCommit_panics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newCounted()
		store.panicAt = 2
		r := replicaOver(store, timak.Options{})
		var wg sync.WaitGroup
		wg.Go(func() { r.apply(t, timak.Put(timak.Item{ID: "first"})) })
		synctest.Wait()
		var panicked atomic.Int64
		for range 3 {
			wg.Go(func() {
				defer func() {
					if recover() != nil {
						panicked.Add(1)
					}
				}()
				_, _ = r.Apply(t.Context(), key, timak.Put(timak.Item{ID: "others"}))
			})
		}
		synctest.Wait()
		close(store.gate)
		wg.Wait()
		if panicked.Load() != 3 {
			t.Errorf("%d callers panicked, want 3", panicked.Load())
		}
	})
}
