package state_test

import (
	"cmp"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
)

// rank is a number for a place, in an order: what is shown first has the lowest. It knows
// small dates, and ids of up to nine of the letters x, y and z.
func rank(order state.Order, at state.Position) int {
	r := 100*int(at.Date) + 10*len(at.ID) + int(at.ID[0]-'x')
	if order == state.NewestFirst {
		return -r
	}
	return r
}

// missing reports whether the model may lack an item that was dropped at a place, before
// moments of which one is after moment.
func (m model) missing(order state.Order, at state.Position, moment int64) bool {
	for d := range m.drops {
		if d.Order == order && rank(order, d.At) <= rank(order, at) && d.Moment > moment && !m.healed(d) {
			return true
		}
	}
	return false
}

func (m model) healed(d state.Drop) bool {
	for h := range m.heals {
		if h.Order == d.Order && h.Moment > d.Moment && rank(h.Order, h.From) <= rank(d.Order, d.At) {
			return true
		}
	}
	return false
}

// sortedDrops are the drops that say something.
func (m model) sortedDrops() (kept []state.Drop) {
	for d := range m.drops {
		needed := !m.healed(d)
		for other := range m.drops {
			says := other.Order == d.Order && other.Moment >= d.Moment && rank(d.Order, other.At) <= rank(d.Order, d.At)
			needed = needed && (other == d || !says)
		}
		if needed {
			kept = append(kept, d)
		}
	}
	slices.SortFunc(kept, func(a, b state.Drop) int {
		return cmp.Or(cmp.Compare(b.Order, a.Order), cmp.Compare(rank(a.Order, a.At), rank(b.Order, b.At)))
	})
	return kept
}

// sortedHeals are the heals that have put something.
func (m model) sortedHeals() (kept []state.Heal) {
	for h := range m.heals {
		needed := true
		for other := range m.heals {
			puts := other.Order == h.Order && other.Moment >= h.Moment && rank(h.Order, other.From) <= rank(h.Order, h.From)
			needed = needed && (other == h || !puts)
		}
		if needed {
			kept = append(kept, h)
		}
	}
	slices.SortFunc(kept, func(a, b state.Heal) int {
		return cmp.Or(cmp.Compare(b.Order, a.Order), cmp.Compare(b.Moment, a.Moment))
	})
	return kept
}

func drops(t *rapid.T) map[state.Drop]bool {
	drawn := map[state.Drop]bool{}
	for range rapid.IntRange(0, 3).Draw(t, "drops") {
		drawn[state.Drop{Order: orders(t), At: places(t), Moment: moments(t)}] = true
	}
	return drawn
}

func heals(t *rapid.T) map[state.Heal]bool {
	drawn := map[state.Heal]bool{}
	for range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "heals") {
		drawn[state.Heal{Order: orders(t), From: places(t), Moment: moments(t)}] = true
	}
	return drawn
}

func orders(t *rapid.T) state.Order {
	return rapid.SampledFrom([]state.Order{state.NewestFirst, state.NewestFirst, state.NewestFirst, state.OldestFirst}).Draw(t, "order")
}

func places(t *rapid.T) state.Position {
	return state.Position{Date: rapid.Int64Range(-2, 4).Draw(t, "date"), ID: rapid.SampledFrom([]string{"x", "xx"}).Draw(t, "id")}
}

func moments(t *rapid.T) int64 {
	return rapid.SampledFrom([]int64{0, 1, 2, 3, 4, 5, state.Unknown}).Draw(t, "moment")
}

func floorOf(s state.State) state.Floor {
	m := modelOf(s)
	for _, d := range slices.SortedFunc(maps.Keys(m.drops), func(a, b state.Drop) int {
		return cmp.Or(cmp.Compare(b.Order, a.Order), cmp.Compare(rank(a.Order, a.At), rank(b.Order, b.At)))
	}) {
		return state.Floor{Set: true, Order: d.Order, At: d.At}
	}
	return state.Floor{}
}
