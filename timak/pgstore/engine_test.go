package pgstore_test

import (
	"fmt"
	"testing"

	"github.com/timak-go/timak/timak"
)

// The engine that wrote a timeline last writes it again in one round trip. When another
// has written meanwhile, it notices by the answer, and merges.
func TestEngineWritesInOneTrip(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	var wire network
	engine := timak.New(newStore(t, poolOf(t, dsn, wire.through), nil), nil)
	other := timak.New(open(t, dsn, nil), nil)
	add := func(n int, engine *timak.Timelines) {
		t.Helper()
		if _, err := engine.Apply(t.Context(), "k", timak.Put(timak.Item{ID: fmt.Sprint(n)})); err != nil {
			t.Fatal(err)
		}
	}
	add(-1, engine) // statements are prepared
	add(-2, other)
	add(-3, engine)
	for n, step := range []struct {
		engine *timak.Timelines
		trips  int64
	}{{engine, 1}, {engine, 1}, {other, 0}, {engine, 3}, {engine, 1}} {
		before := wire.trips.Load()
		add(n, step.engine)
		if got := wire.trips.Load() - before; got != step.trips {
			t.Errorf("write %d: %d round trips, want %d", n, got, step.trips)
		}
	}
	timeline, err := other.Get(t.Context(), "k")
	if err != nil || len(timeline.IDs()) != 8 {
		t.Errorf("got %q, %v; want all eight", timeline.IDs(), err)
	}
}
