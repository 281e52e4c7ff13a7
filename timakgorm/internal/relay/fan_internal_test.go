package relay

import "testing"

// However many ops there are, a batch holds a bounded number of timelines for them.
func TestPartOf(t *testing.T) {
	t.Parallel()
	for ops, want := range map[int]int{0: fanPart, 1: fanPart, fanMost / fanPart: fanPart, 100: 500, 2 * fanMost: 1} {
		if got := partOf(ops); got != want {
			t.Errorf("%d ops go to %d timelines each, want %d", ops, got, want)
		}
	}
}
