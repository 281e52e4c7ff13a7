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

// TestForgetfulStore: what a store has lost is written again when it comes again,
// though this process has just written it.
func TestForgetfulStore(t *testing.T) {
	t.Parallel()
	store := &emptied{Store: memstore.New()}
	timelines := timak.New(store, &timak.Options{CacheBytes: 1 << 20})
	if got := timelines.Marker(); got != driver.Marker(store) {
		t.Fatalf("Marker of a store that may lose: got %v, want the store", got)
	}
	if got := timak.New(memstore.New(), nil).Marker(); got != nil {
		t.Fatalf("Marker of a store that keeps all: got %v, want nil", got)
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
		store.Store = memstore.New()
		apply(item)
		got, err := timelines.Get(t.Context(), "k")
		if err != nil || len(got.Items()) != 1 {
			t.Errorf("round %d: got %v, error %v, want the item", round, got.IDs(), err)
		}
		apply(timak.RemoveEntry("2", "").WithVersion(int64(10 + round))) // so that the value is in the cache again
	}
}
