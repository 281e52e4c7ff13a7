package timak

import (
	"time"

	"github.com/timak-go/timak/timak/internal/state"
)

// Place is a place in a timeline's order: by date, to the microsecond, then by id.
type Place struct {
	At time.Time
	ID string
}

func (p Place) position() state.Position { return state.Position{Date: microseconds(p.At), ID: p.ID} }

func placeOf(at state.Position) Place { return Place{At: time.UnixMicro(at.Date).UTC(), ID: at.ID} }

// Place returns the item's place.
func (i Item) Place() Place { return Place{i.At, i.ID} }

// Bound is an end of a Range.
type Bound struct {
	Place Place
	After bool // just after the place; otherwise just before it
}

// Range is a part of a timeline's order.
type Range struct {
	From Bound
	To   *Bound // nil: the end

	// Limit is how many items of the range are wanted: its first ones or, with Last, its
	// last ones.
	Limit int
	Last  bool
}

// Has reports whether an item is in the range of a timeline with an order.
func (r Range) Has(order Order, item Item) bool {
	return r.has(state.Order(order), item.Place().position())
}

// has reports whether a position is in the range.
func (r Range) has(order state.Order, at state.Position) bool {
	return !r.From.past(order, at) && (r.To == nil || r.To.past(order, at))
}

// past reports whether the bound comes after an item at a position.
func (b Bound) past(order state.Order, at state.Position) bool {
	c := order.Compare(b.Place.position(), at)
	return c > 0 || c == 0 && b.After
}

// beyond reports whether the bound comes after another.
func (b Bound) beyond(order state.Order, other Bound) bool {
	c := order.Compare(b.Place.position(), other.Place.position())
	return c > 0 || c == 0 && b.After && !other.After
}

// bound returns the bound that the cursor names.
func (c cursor) bound() Bound { return Bound{placeOf(c.at), !c.before} }
