package transfer_test

import (
	"slices"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/transfer"
)

// Copies between stores of different bounds follow the merge, as doc.go warns: what is at
// or below the horizon of the smaller store goes from the larger one, too.
func TestCopy_bounds(t *testing.T) {
	t.Parallel()
	from, to := newStore(t), newStore(t)
	now := at(0)
	bounds := func(items int) *timak.Options {
		return &timak.Options{MaxItems: items, TombstoneTTL: time.Hour, Clock: func() time.Time { return now }}
	}
	small, large := timak.New(from, bounds(3)), timak.New(to, bounds(100))
	carry := func(want ...string) {
		t.Helper()
		if _, err := transfer.Copy(t.Context(), from, to, nil); err != nil {
			t.Fatal(err)
		}
		tl, err := large.Get(t.Context(), "k")
		if got := tl.IDs(); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	apply(t, small, "k", put("a", 1), put("b", 2), put("c", 3))
	carry("c", "b", "a")
	apply(t, small, "k", put("d", 4), put("e", 5))
	carry("e", "d", "c", "b", "a")
	moved := stateOf(t, to, "k")
	if floor := moved.Floor(); !floor.Set || floor.At.ID != "b" {
		t.Errorf("got the floor %+v, want that of the smaller store, at b", floor)
	}
	apply(t, small, "k", timak.Remove("e"))
	now = now.Add(2 * time.Hour)
	apply(t, small, "k", put("f", 6)) // collects the tombstone of e
	carry("f", "d", "c")
	apply(t, large, "k", put("a", 1)) // anew, as Rebuild puts it
	carry("f", "d", "c", "a")
}
