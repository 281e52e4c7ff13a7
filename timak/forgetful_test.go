package timak_test

import (
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
)

// emptied is a store in memory that may be emptied, and so one that may lose what it
// has acknowledged.
type emptied struct {
	driver.Store
	driver.Marker
}

// emptiedAdder is the same as a driver.Adder.
type emptiedAdder struct {
	memstore.Adder
	driver.Marker
}

// TestForgetfulStore: what a store has lost is written again when it comes again,
// though this process has just written it.
func TestForgetfulStore(t *testing.T) {
	t.Parallel()
	store, adder := &emptied{Store: memstore.New()}, &emptiedAdder{Adder: memstore.NewAdder()}
	if got := timak.New(memstore.New(), nil).Marker(); got != nil {
		t.Fatalf("Marker of a store that keeps all: got %v, want nil", got)
	}
	writesAgain(t, store, store, func() { store.Store = memstore.New() })
	writesAgain(t, adder, adder, func() { adder.Adder = memstore.NewAdder() })
}

func writesAgain(t *testing.T, store driver.Store, marker driver.Marker, empty func()) {
	t.Helper()
	timelines := timak.New(store, &timak.Options{CacheBytes: 1 << 20})
	if got := timelines.Marker(); got != marker {
		t.Fatalf("Marker of a store that may lose: got %v, want the store", got)
	}
	apply := func(op timak.Op) {
		t.Helper()
		if _, err := timelines.Apply(t.Context(), "k", op); err != nil {
			t.Fatal(err)
		}
	}
	item := timak.Put(timak.Item{ID: "1"}).WithVersion(5)
	apply(item)
	for round := range 3 {
		empty()
		apply(item)
		got, err := timelines.Get(t.Context(), "k")
		if err != nil || len(got.Items()) != 1 {
			t.Errorf("round %d: got %v, error %v, want the item", round, got.IDs(), err)
		}
		apply(timak.RemoveEntry("2", "").WithVersion(int64(10 + round))) // so that the value is in the cache again
	}
}
