package state_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	rising := []state.Position{ // OldestFirst shows them in this order
		{Date: -1 << 63, ID: "z"},
		{Date: -1, ID: "a"},
		{Date: 0, ID: "posts:9"},
		{Date: 0, ID: "users:1"},
		{Date: 0, ID: "posts:10"},
		{Date: 0, ID: "posts:100"},
		{Date: 1, ID: "a"},
		{Date: 1, ID: "\xff"},
		{Date: 1<<63 - 1, ID: "a"},
	}
	for i, a := range rising {
		for j, b := range rising {
			if got := state.OldestFirst.Compare(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("OldestFirst.Compare(%v, %v): got %d", a, b, got)
			}
			if got := state.NewestFirst.Compare(a, b); (got < 0) != (i > j) || (got == 0) != (i == j) {
				t.Errorf("NewestFirst.Compare(%v, %v): got %d", a, b, got)
			}
		}
	}
}

// Of each id with a live entry the one with the highest register is shown, and the
// items are in order.
func TestVisible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := states().Draw(t, "state")
		order := rapid.SampledFrom([]state.Order{state.NewestFirst, state.OldestFirst}).Draw(t, "order")
		want := map[string]state.Entry{}
		for _, e := range s.Entries {
			if now, ok := want[e.ID]; e.Live && (!ok || diff(higherOf(now, e), now) != "") {
				want[e.ID] = e
			}
		}
		got := s.Visible(order)
		mustBeInOrder(t, got, order)
		if len(got) != len(want) {
			t.Fatalf("%+v shows %+v, want %+v", s, got, want)
		}
		for _, e := range got {
			if d := diff(e, want[e.ID]); d != "" {
				t.Fatalf("%+v shows (-want +got)\n%s", s, d)
			}
		}
	})
}

// seen returns what a reader sees of a state.
func seen(s state.State, order state.Order) []state.Entry {
	visible := s.Visible(order)
	for i := range visible {
		visible[i].Older = 0
	}
	return visible
}

// Of entries that say the same, that of the first source is shown, on every
// replica.
func TestFirstSourceOfEquals(t *testing.T) {
	t.Parallel()
	p := state.Entry{ID: "x", Source: "p", Version: 1, Live: true, Date: 1}
	q := p
	q.Source = "q"
	s := state.Merge(state.State{Entries: []state.Entry{q}}, state.State{Entries: []state.Entry{p}})
	if d := diff(s.Visible(state.NewestFirst), []state.Entry{p}); d != "" {
		t.Errorf("%+v shows (-want +got)\n%s", s, d)
	}
	if d := diff(state.Union(state.NewestFirst, []state.Entry{q}, []state.Entry{p}), []state.Entry{p}); d != "" {
		t.Errorf("union (-want +got)\n%s", d)
	}
}

func mustBeInOrder(t rapid.TB, entries []state.Entry, order state.Order) {
	t.Helper()
	if !slices.IsSortedFunc(entries, func(a, b state.Entry) int { return order.Compare(a.Position(), b.Position()) }) {
		t.Fatalf("not in order %d: %+v", order, entries)
	}
}

// Several lists together show each id once, as its highest register says, whatever
// the order of the lists.
func TestUnion(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SampledFrom([]state.Order{state.NewestFirst, state.OldestFirst}).Draw(t, "order")
		lists := [][]state.Entry{}
		for _, s := range rapid.SliceOfN(states(), 1, 4).Draw(t, "states") {
			lists = append(lists, seen(s, order))
		}
		got := state.Union(order, lists...)
		mustBeInOrder(t, got, order)
		want := map[string]state.Entry{}
		for _, e := range slices.Concat(lists...) {
			if now, ok := want[e.ID]; !ok || diff(higherOf(now, e), now) != "" {
				want[e.ID] = e
			}
		}
		if len(got) != len(want) {
			t.Fatalf("union of %+v: got %+v, want %+v", lists, got, want)
		}
		for _, e := range got {
			w := want[e.ID]
			w.Source = e.Source // any of those that say the same
			if d := diff(e, w); d != "" {
				t.Fatalf("union of %+v (-want +got)\n%s", lists, d)
			}
		}
		again := state.Union(order, rapid.Permutation(lists).Draw(t, "in another order")...)
		if d := diff(again, got); d != "" {
			t.Fatalf("union of %+v depends on the order of the lists (-first +second)\n%s", lists, d)
		}
	})
}
