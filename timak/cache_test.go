package timak_test

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/internal/eachstore"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
)

// cachingReplica returns an engine with a cache, whose store counts the calls.
func cachingReplica(store driver.Store) (r replica, calls func() (gets, puts int)) {
	failing := drivertest.NewFailing(store)
	count := map[drivertest.Op]int{}
	failing.Before = func(_ context.Context, call drivertest.Call) error {
		count[call.Op]++
		return nil
	}
	return replicaOver(failing, timak.Options{CacheBytes: 1 << 20}), func() (gets, puts int) {
		gets, puts = count[drivertest.Get], count[drivertest.Put]+count[drivertest.Add]
		clear(count)
		return gets, puts
	}
}

// TestCache: the last writer of a timeline writes it again without a read, until
// another engine has written; then nothing of either is lost.
func TestCache(t *testing.T) {
	t.Parallel()
	eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
		store := open()
		merging := 2 // the second replaces what both have put
		if adder, ok := store.(driver.Adder); ok && adder.AddFrom() == 0 {
			merging = 1 // both have added
		}
		mine, calls := cachingReplica(store)
		other := replicaOver(store, timak.Options{})
		for i, step := range []struct {
			engine     replica
			gets, puts int
		}{
			{mine, 1, 1},
			{mine, 0, 1},
			{mine, 0, 1},
			{other, 0, 0},
			{mine, 1, merging}, // the store reports a sibling that it has not seen
			{mine, 0, 1},
			{mine, 0, 1},
		} {
			step.engine.apply(t, timak.Put(timak.Item{ID: fmt.Sprint(i)}))
			if gets, puts := calls(); gets != step.gets || puts != step.puts {
				t.Errorf("write %d: %d reads and %d writes, want %d and %d", i, gets, puts, step.gets, step.puts)
			}
			if got := len(bases(other.siblings(t))); got != 1 {
				t.Errorf("write %d: %d siblings, want 1", i, got)
			}
		}
		if got := mine.ids(t); len(got) != 7 {
			t.Errorf("got %q, want all seven", got)
		}
	})
}

// TestCache_nothingToWrite: a change that the cache says is there already is compared with the
// store the next time.
func TestCache_nothingToWrite(t *testing.T) {
	t.Parallel()
	eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
		store := open()
		mine, other := replicaOver(store, timak.Options{CacheBytes: 1 << 20}), replicaOver(store, timak.Options{CacheBytes: 1 << 20})
		put := timak.Put(timak.Item{ID: "x", At: at(2)}).WithVersion(5)
		mine.apply(t, put)
		other.apply(t, timak.Remove("x").WithVersion(9))
		for n := range 6 {
			if got := mine.apply(t, put)[0].Outcome; n > 0 && got != timak.Superseded {
				t.Errorf("again, %d: got %v, want superseded", n, got)
			}
		}
	})
}

// TestCache_forgottenToken: if the store no longer knows a token, the engine reads
// again.
func TestCache_forgottenToken(t *testing.T) {
	t.Parallel()
	store := drivertest.NewFailing(memstore.New())
	r := replicaOver(store, timak.Options{CacheBytes: 1 << 20})
	r.apply(t, timak.Put(timak.Item{ID: "a"}))
	store.Before = func(_ context.Context, call drivertest.Call) error {
		if call.Op == drivertest.Put && call.NOfOp == 2 {
			return driver.ErrToken
		}
		return nil
	}
	r.apply(t, timak.Put(timak.Item{ID: "b"}))
	if got := r.ids(t); len(got) != 2 {
		t.Errorf("got %q, want both", got)
	}
}

// TestCache_room: the cache keeps the latest writes for which there is room.
func TestCache_room(t *testing.T) {
	t.Parallel()
	r, calls := cachingReplica(memstore.New())
	small := replica{timak.New(r.store, &timak.Options{CacheBytes: 10_000, Uncompressed: true}), r.store}
	add := func(key string, size int) (gets int) {
		if _, err := small.Apply(t.Context(), key, timak.Put(timak.Item{ID: "x", Data: make([]byte, size)})); err != nil {
			t.Fatal(err)
		}
		gets, _ = calls()
		return gets
	}
	for k := range 100 {
		add(fmt.Sprint(k), 500+k)
	}
	if add("99", 1) != 0 || add("0", 1) != 1 {
		t.Error("want the last timeline remembered and the first forgotten")
	}
	add("large", 9000)
	if add("large", 9001) != 1 {
		t.Error("a timeline that would take most of the room is remembered")
	}
}

// TestMixedFleet: engines with and without a cache share a store; the result is the
// same as with a single engine.
func TestMixedFleet(t *testing.T) {
	t.Parallel()
	eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
		rapid.Check(t, func(t *rapid.T) {
			store, alone := open(), newReplica(timak.Options{})
			fleet := []replica{
				replicaOver(store, timak.Options{CacheBytes: 1 << 20}),
				replicaOver(store, timak.Options{CacheBytes: 1 << 20}),
				replicaOver(store, timak.Options{}),
			}
			for version := range int64(rapid.IntRange(1, 40).Draw(t, "writes")) {
				id, source := fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "id")), rapid.SampledFrom([]string{"", "p"}).Draw(t, "source")
				op := timak.Put(timak.Item{ID: id, Source: source, At: at(rapid.Int64Range(1, 9).Draw(t, "date")), Data: []byte(id)})
				switch rapid.IntRange(0, 5).Draw(t, "kind") {
				case 0:
					op = timak.Remove(id)
				case 1:
					op = timak.RemoveEntry(id, source)
				}
				op = op.WithVersion(version + 1)
				alone.apply(t, op)
				rapid.SampledFrom(fleet).Draw(t, "writer").apply(t, op)
			}
			fleet[2].merge(t)
			for _, r := range fleet {
				if d := diff(r.items(t), alone.items(t)); d != "" {
					t.Fatalf("(-alone +fleet)\n%s", d)
				}
			}
		})
	})
}
