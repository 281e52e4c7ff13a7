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

// Position is a place in the order: by date, then by id. Shorter ids come first, so
// that posts:9 comes before posts:10.
type Position struct {
	Date int64
	ID   string
}

// Position returns the position of the entry's item, if this entry decides it.
func (e *Entry) Position() Position { return Position{e.Date, e.ID} }

// Compare is negative if a is shown before b, positive if after it, and 0 if they
// are the same position.
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

// Visible returns the items of the state in order. Of each id it returns the live
// entry with the highest register, and among equals that of the first source. The
// entries share the state's memory.
func (s *State) Visible(order Order) []Entry {
	items := s.Entries[:s.live()]
	if s.Shared() {
		items = s.deciding(items)
	}
	if order == OldestFirst {
		items = slices.Clone(items)
		slices.Reverse(items)
	}
	return items
}

// live returns how many entries are live.
func (s *State) live() int {
	n, _ := slices.BinarySearchFunc(s.Entries, false, func(e Entry, _ bool) int { return -liveness(e) })
	return n
}

// Shared reports whether an item has several live entries, so that one entry alone does
// not tell where the item is.
func (s *State) Shared() bool {
	live := s.Live()
	if !slices.ContainsFunc(live, func(e Entry) bool { return e.Source != live[0].Source }) {
		return false // an id has one entry per source
	}
	known := make(map[string]struct{}, len(live))
	for i := range live {
		known[live[i].ID] = struct{}{}
	}
	return len(known) < len(live)
}

// deciding returns the entries that decide where their items are.
func (s *State) deciding(live []Entry) []Entry {
	index := make(map[string]int, len(live))
	out := make([]Entry, 0, len(live))
	for _, e := range live {
		i, seen := index[e.ID]
		switch {
		case !seen:
			index[e.ID] = len(out)
			out = append(out, e)
		case decides(&e, &out[i]):
			out[i] = e
		}
	}
	slices.SortFunc(out, compareEntries)
	return out
}

// decides reports whether a, of two live entries of an item, decides where it is.
func decides(a, b *Entry) bool {
	c := compareRegisters(*a, *b)
	return c > 0 || c == 0 && a.Source < b.Source
}

// Union returns the items of several lists in order, each id once: the entry with
// the highest register. The result is never nil.
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
