package heal_test

import (
	"testing"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Entry is one of many on a log, and on one that holds more.
type Entry struct {
	ID   uint
	Text string

	_ timakgorm.Timeline `timak:"key=log; date=ID"`
	_ timakgorm.Timeline `timak:"key=archive; date=ID; max=2500"`
}

func entriesOf(t *testing.T, dialect string, n int) *world.World {
	t.Helper()
	w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Entry{}}, Tracked: []any{&Entry{}}})
	w.Must(w.DB.CreateInBatches(make([]Entry, n), 5000).Error)
	w.Drain()
	return w
}

// wantItems fails the test unless a timeline shows so many items, the first ones of its table,
// in which the last of the others is last.
func wantItems(w *world.World, key string, capacity, want, last int) {
	w.Helper()
	timeline, err := w.Timelines.Bounded(capacity).Get(w.Context(), key)
	w.Must(err)
	if got := timeline.Len(); got != want {
		w.Fatalf("%s: got %d items, want %d", key, got, want)
	}
	if got, want := timeline.Items()[want-1].At.UnixMicro(), int64(last); got != want {
		w.Errorf("%s: the last item is %d, want %d", key, got, want)
	}
}

// TestLarge: one delete on a timeline of 10,000 rows leaves as many items as it holds, and so
// do deletes of more items than come back at a time.
func TestLarge(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := entriesOf(t, dialect, 10_000)
		w.Must(w.DB.Delete(&Entry{}, 9_500).Error)
		w.Drain()
		wantItems(w, "log", 1000, 1000, 9_000)
		wantItems(w, "archive", 2500, 2500, 7_500)
		w.Must(w.DB.Delete(&Entry{}, "id > 7600").Error)
		w.Drain()
		wantItems(w, "log", 1000, 1000, 6_601)
		wantItems(w, "archive", 2500, 2500, 5_101)
		w.Must(w.DB.Delete(&Entry{}, "id > 300").Error)
		w.Drain()
		wantItems(w, "log", 1000, 300, 1)
		wantItems(w, "archive", 2500, 300, 1)
		w.WantDifferences()
	})
}

// TestDear: where all of many rows must be read, a timeline is healed when a sixteenth of its
// items are wanting.
func TestDear(t *testing.T) {
	t.Parallel()
	w := entriesOf(t, "sqlite", 12_100)
	remove := func(id, want, last int) {
		t.Helper()
		w.Must(w.DB.Delete(&Entry{}, "id >= ?", id).Error)
		w.Drain()
		wantItems(w, "log", 1000, want, last)
	}
	remove(12_090, 1000, 11_090)
	remove(12_080, 990, 11_090)
	remove(12_028, 938, 11_090)
	remove(12_027, 1000, 11_027)
	w.WantDifferences()
}
