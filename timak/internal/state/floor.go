package state

// Floor is the place at and after which, in an order, a timeline may lack items: they
// fell off its end, or were never put. It never moves back. The zero Floor is no place:
// the timeline lacks nothing.
type Floor struct {
	Set   bool
	Order Order
	At    Position
}

// RaiseFloor notes that items at and after a place may be missing.
func (s *State) RaiseFloor(order Order, at Position) { s.Floor = s.Floor.Raised(order, at) }

// Raised returns the floor after that.
func (f Floor) Raised(order Order, at Position) Floor { return higher(f, Floor{true, order, at}) }

// higher returns the floor that leaves less above it. A timeline has one order; floors of
// two come from a mistake, and merging must not depend on who makes it.
func higher(a, b Floor) Floor {
	switch {
	case !b.Set || a.Set && a.Order > b.Order:
		return a
	case !a.Set || a.Order < b.Order:
		return b
	case a.Order.Compare(a.At, b.At) <= 0:
		return a
	default:
		return b
	}
}
