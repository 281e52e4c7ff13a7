package timak_test

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/internal/wire"
	"github.com/timak-go/timak/timak/memstore"
)

// key is the timeline for tests that need only one.
const key = "brett:tweets"

// clock shows the same time until it is set.
type clock struct{ micros atomic.Int64 }

func clockAt(micros int64) *clock {
	c := new(clock)
	c.set(micros)
	return c
}

func (c *clock) set(micros int64) { c.micros.Store(micros) }
func (c *clock) Now() time.Time   { return at(c.micros.Load()) }

func at(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// replica is an engine with its own store, or with a shared one.
type replica struct {
	*timak.Timelines
	store driver.Store
}

// newReplica returns an engine over a new store. Unless opts say otherwise its
// clock shows 10 microseconds, so early that no tombstone expires.
func newReplica(opts timak.Options) replica { return replicaOver(memstore.New(), opts) }

// drawnReplica is newReplica, over a store that may be a driver.Adder.
func drawnReplica(t *rapid.T, opts timak.Options) replica {
	if rapid.Bool().Draw(t, "adder") {
		return replicaOver(memstore.NewAdder(), opts)
	}
	return newReplica(opts)
}

func replicaOver(store driver.Store, opts timak.Options) replica {
	if opts.Clock == nil {
		opts.Clock = clockAt(10).Now
	}
	if opts.CacheBytes == 0 {
		opts.CacheBytes = -1 // so that every write reads what the store holds
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	return replica{timak.New(store, &opts), store}
}

// tb is a *testing.T, a *testing.B or a *rapid.T.
type tb interface {
	rapid.TB
	Context() context.Context
}

var _ = []tb{(*testing.T)(nil), (*testing.B)(nil), (*rapid.T)(nil)}

func (r replica) apply(t tb, ops ...timak.Op) []timak.Result {
	t.Helper()
	results, err := r.Apply(t.Context(), key, ops...)
	if err != nil {
		t.Fatalf("Apply(%q, %+v): %v", key, ops, err)
	}
	if len(results) != len(ops) {
		t.Fatalf("Apply(%q, %+v): got %d results, want one an op", key, ops, len(results))
	}
	return results
}

func (r replica) items(t tb) []timak.Item {
	t.Helper()
	timeline, err := r.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	r.AwaitRepairs() // otherwise one may come late and leave a sibling of its own
	return timeline.Items()
}

func (r replica) ids(t tb) []string {
	t.Helper()
	ids := []string{}
	for _, item := range r.items(t) {
		ids = append(ids, item.ID)
	}
	return ids
}

// siblings returns the stored values under key.
func (r replica) siblings(t tb) [][]byte {
	t.Helper()
	object, err := r.store.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("store.Get(%q): %v", key, err)
	}
	return object.Siblings
}

// bases returns the values that are no additions.
func bases(siblings [][]byte) [][]byte {
	return slices.DeleteFunc(slices.Clone(siblings), wire.IsAddition)
}

// receive stores values as additional siblings, as if they came from another
// replica.
func (r replica) receive(t tb, values ...[]byte) {
	t.Helper()
	for _, value := range values {
		if _, err := r.store.Put(t.Context(), key, value, nil); err != nil {
			t.Fatalf("store.Put(%q): %v", key, err)
		}
	}
}

// merge replaces the siblings by one value.
func (r replica) merge(t tb) {
	t.Helper()
	r.apply(t)
	if got := len(r.siblings(t)); got > 1 {
		t.Fatalf("%d siblings are left after a write that saw them all, want 1", got)
	}
}

// diff is empty if got equals want; nil and empty count as equal.
func diff(got, want any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

func wantIDs(t tb, r replica, about string, want ...string) {
	t.Helper()
	if got := r.ids(t); diff(got, want) != "" {
		t.Errorf("%s: got %q, want %q", about, got, want)
	}
}

func outcomes(results []timak.Result) []timak.Outcome {
	got := make([]timak.Outcome, len(results))
	for i, result := range results {
		got[i] = result.Outcome
	}
	return got
}

// countingPuts returns a store that counts its Puts.
func countingPuts() (*drivertest.Failing, *atomic.Int64) {
	store, puts := drivertest.NewFailing(memstore.New()), new(atomic.Int64)
	store.Before = func(_ context.Context, call drivertest.Call) error {
		if call.Op == drivertest.Put {
			puts.Add(1)
		}
		return nil
	}
	return store, puts
}
