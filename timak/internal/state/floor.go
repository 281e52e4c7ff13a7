package state

import (
	"cmp"
	"math"
	"slices"
)

// Floor is the place at and after which, in an order, a timeline may lack items: they
// fell off its end, or were never put. The zero Floor is no place: the timeline lacks
// nothing.
type Floor struct {
	Set   bool
	Order Order
	At    Position
}

// Drop says why there is a floor: items at and after a place may be missing. All of them were
// read from the source of truth by the moment.
type Drop struct {
	Order  Order
	At     Position
	Moment int64
}

// Heal says that the items from a place on were put again as the source of truth held
// them at a moment. So nothing is missing there because of an earlier drop.
type Heal struct {
	Order  Order
	From   Position
	Moment int64
}

// Unknown is the moment of changes of which no moment is known: it is after all others.
const Unknown = math.MaxInt64

// Floor returns the place that the drops say. A timeline has one order; drops of two come
// from a mistake, and what they say must not depend on who makes it.
func (s *State) Floor() Floor {
	if len(s.Drops) == 0 {
		return Floor{}
	}
	return Floor{true, s.Drops[0].Order, s.Drops[0].At}
}

// Raised returns the floor after items at and after a place are found to be missing, too.
func (f Floor) Raised(order Order, at Position) Floor {
	if f.Set && (Drop{Order: f.Order, At: f.At}).compare(Drop{Order: order, At: at}) <= 0 {
		return f
	}
	return Floor{true, order, at}
}

// RaiseFloor notes that items at and after a place may be missing, which the source of
// truth held before a moment.
func (s *State) RaiseFloor(order Order, at Position, moment int64) {
	s.Drops = add(s.Drops, Drop{order, at, moment}, Drop.outweighs, Drop.compare)
	s.Drops = slices.DeleteFunc(s.Drops, s.healed)
}

// Heal notes that the items from a place on, and before the place to, were put as they
// were at a moment; all of them if to is nil. What was dropped after that moment stays
// missing.
func (s *State) Heal(order Order, from Position, to *Position, moment int64) {
	s.Moment = max(s.Moment, moment)
	s.Heals = add(s.Heals, Heal{order, from, moment}, Heal.outweighs, Heal.compare)
	s.Drops = slices.DeleteFunc(s.Drops, s.healed)
	if to != nil {
		s.RaiseFloor(order, *to, moment)
	}
}

// Room returns how many more items than now there may be before the floor, in a timeline
// of a capacity; 0 if no heal can lower it.
func (s *State) Room(capacity int) int {
	if len(s.Drops) == 0 || slices.ContainsFunc(s.Drops, func(d Drop) bool { return d.Moment == Unknown }) {
		return 0
	}
	floor := s.Floor()
	items := s.Visible(floor.Order)
	before, _ := slices.BinarySearchFunc(items, floor.At, func(e Entry, at Position) int { return floor.Order.Compare(e.Position(), at) })
	return max(0, capacity-before)
}

// Fold makes one of several drops, which leaves as much above it, and keeps the latest
// heal. A sibling with an older drop may raise the floor again.
func (s *State) Fold() {
	for i := len(s.Drops) - 1; i > 0; i-- {
		if before, d := &s.Drops[i-1], s.Drops[i]; before.Order == d.Order {
			before.Moment = max(before.Moment, d.Moment)
			s.Drops = slices.Delete(s.Drops, i, i+1)
		}
	}
	s.Heals = slices.CompactFunc(s.Heals, func(a, b Heal) bool { return a.Order == b.Order })
}

// healed reports whether what a drop says is missing has been put again.
func (s *State) healed(d Drop) bool {
	return slices.ContainsFunc(s.Heals, func(h Heal) bool {
		return h.Order == d.Order && d.Moment < h.Moment && d.Order.Compare(h.From, d.At) <= 0
	})
}

// absorbFloor merges what another state says of missing items.
func (s *State) absorbFloor(b *State) {
	s.Moment = max(s.Moment, b.Moment)
	for _, h := range b.Heals {
		s.Heals = add(s.Heals, h, Heal.outweighs, Heal.compare)
	}
	for _, d := range b.Drops {
		s.Drops = add(s.Drops, d, Drop.outweighs, Drop.compare)
	}
	s.Drops = slices.DeleteFunc(s.Drops, s.healed)
}

// add adds one to a sorted list of which none outweighs another.
func add[T any](all []T, one T, outweighs func(a, b T) bool, compare func(a, b T) int) []T {
	for _, other := range all {
		if outweighs(other, one) {
			return all
		}
	}
	all = slices.DeleteFunc(all, func(other T) bool { return outweighs(one, other) })
	i, _ := slices.BinarySearchFunc(all, one, compare)
	return slices.Insert(all, i, one)
}

// outweighs reports whether d says all that e says.
func (d Drop) outweighs(e Drop) bool {
	return d.Order == e.Order && d.Moment >= e.Moment && d.Order.Compare(d.At, e.At) <= 0
}

// compare puts the drop that decides the floor first.
func (d Drop) compare(e Drop) int {
	return cmp.Or(cmp.Compare(e.Order, d.Order), d.Order.Compare(d.At, e.At))
}

// outweighs reports whether h has put all that g has.
func (h Heal) outweighs(g Heal) bool {
	return h.Order == g.Order && h.Moment >= g.Moment && h.Order.Compare(h.From, g.From) <= 0
}

// compare puts the latest heal of an order first.
func (h Heal) compare(g Heal) int {
	return cmp.Or(cmp.Compare(g.Order, h.Order), cmp.Compare(g.Moment, h.Moment))
}
