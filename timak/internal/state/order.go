package state

import (
	"cmp"
	"slices"
	"strings"
)

// Order is the direction in which items are shown.
type Order uint8

const (
	// NewestFirst shows the latest position first.
	NewestFirst Order = iota
	// OldestFirst shows the earliest position first.
	OldestFirst
)

// Position is a place in the order: by date, then by id, shorter ids first, so
// that posts:9 comes before posts:10.
type Position struct {
	Date int64
	ID   string
}

// Position returns the place of the entry's item, if the entry decides it.
func (e Entry) Position() Position { return Position{e.Date, e.ID} }

// Compare tells whether a is shown before b (negative), after it (positive) or
// is the same place.
func (o Order) Compare(a, b Position) int {
	c := cmp.Or(
		cmp.Compare(a.Date, b.Date),
		cmp.Compare(len(a.ID), len(b.ID)),
		strings.Compare(a.ID, b.ID),
	)
	if o == NewestFirst {
		return -c
	}
	return c
}

// Visible returns the items of the state in order: of each id the live entry
// with the highest register, the first source among equals.
func (s *State) Visible(order Order) []Entry {
	items := make([]Entry, 0, len(s.Entries))
	for _, e := range s.Entries {
		last := len(items) - 1
		switch {
		case !e.Live:
		case last < 0 || items[last].ID != e.ID:
			items = append(items, e)
		case compareRegisters(e, items[last]) > 0:
			items[last] = e
		}
	}
	slices.SortFunc(items, func(a, b Entry) int { return order.Compare(a.Position(), b.Position()) })
	return items
}

// Union returns the items of several lists in order, each id once: the one
// with the highest register. It returns no nil.
func Union(order Order, lists ...[]Entry) []Entry {
	all := []Entry{}
	for _, list := range lists {
		all = append(all, list...)
	}
	slices.SortStableFunc(all, func(a, b Entry) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), compareRegisters(b, a), strings.Compare(a.Source, b.Source))
	})
	all = slices.CompactFunc(all, func(a, b Entry) bool { return a.ID == b.ID })
	slices.SortFunc(all, func(a, b Entry) int { return order.Compare(a.Position(), b.Position()) })
	return all
}
