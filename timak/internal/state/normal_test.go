package state_test

import (
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
)

// States that no stored value can contain are detected as well: see wire.TestFaults
// for the rest.
func TestAbnormal(t *testing.T) {
	t.Parallel()
	live := state.Entry{ID: "a", Version: 5, Live: true, Date: 1}
	dead := state.Entry{ID: "b", Version: 5}
	above, below, keeping := live, live, dead
	above.Older, below.Older, keeping.Older = 6, -1, 3
	for want, entries := range map[string][]state.Entry{
		"is live but follows a dead one":                              {dead, live},
		"is dead but keeps out an older version":                      {keeping},
		"keeps out an older version that is above its own or below 0": {above},
	} {
		s := state.State{Entries: entries}
		if got := s.Abnormal(); got == nil || got.Rule != want || got.Place != len(entries)-1 {
			t.Errorf("got %+v, want entry %d %s", got, len(entries)-1, want)
		}
	}
	if s := (state.State{Entries: []state.Entry{below}}); s.Abnormal() == nil {
		t.Error("an Older below 0 is let through")
	}
	if s := (state.State{Entries: []state.Entry{live, dead}}); s.Abnormal() != nil {
		t.Errorf("%+v: got %+v", s, s.Abnormal())
	}
}
