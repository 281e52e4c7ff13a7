package state_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
)

// The floor is the highest place from which on something may be missing.
func TestFloor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := states().Draw(t, "state")
		if d := diff(s.Floor(), floorOf(s)); d != "" {
			t.Fatalf("floor of %+v (-want +got)\n%s", s, d)
		}
	})
}

// A heal, and a rise of the floor, are merges: they may come in any order, on any sibling.
func TestHealIsAMerge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := states().Draw(t, "start")
		d := state.Drop{Order: orders(t), At: places(t), Moment: moments(t)}
		h := state.Heal{Order: orders(t), From: places(t), Moment: moments(t)}
		raise := func(s *state.State) { s.RaiseFloor(d.Order, d.At, d.Moment) }
		heal := func(s *state.State) { s.Heal(h.Order, h.From, nil, h.Moment) }
		one, other, alone := start.Clone(), start.Clone(), state.State{}
		raise(&one)
		heal(&one)
		heal(&other)
		raise(&other)
		mustEqual(t, one, other, "%+v: %+v before and after %+v", start, d, h)
		if one.Moment < h.Moment {
			t.Fatalf("%+v healed with %+v: its moment is %d", start, h, one.Moment)
		}
		raise(&alone)
		other = start.Clone()
		heal(&other)
		mustEqual(t, state.Merge(alone, other), one, "%+v: a sibling with %+v", start, d)
	})
}

// Folding raises no floor, and forgets no drop: whatever heal follows, what was missing
// without it is missing still.
func TestFold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := states().Draw(t, "state")
		after := before.Clone()
		after.Fold()
		mustBeNormal(t, after, "%+v folded", before)
		if d := diff(after.Floor(), before.Floor()); d != "" {
			t.Fatalf("floor of %+v folded (-want +got)\n%s", before, d)
		}
		if len(after.Drops) > 2 || len(after.Heals) > 2 { // one of each order
			t.Fatalf("%+v folded: got %d drops and %d heals", before, len(after.Drops), len(after.Heals))
		}
		was, is := modelOf(before), modelOf(after)
		at, order, moment := places(t), orders(t), moments(t)
		if was.missing(order, at, moment) && !is.missing(order, at, moment) {
			t.Fatalf("%+v folded forgets what is missing from %+v on after %d: %+v", before, at, moment, after)
		}
	})
}
