// Package state implements a timeline's data and the one rule by which it is
// merged. It is pure: no clock, no I/O, no locks.
//
// A State holds a register for each (id, source); covers, which are tombstones for
// a whole item or a whole source; and the horizon, which stands for all tombstones
// that were collected. Absence means dead at the highest of the horizon and the
// covers of that id and source. Every change of a timeline is therefore a merge.
package state

import (
	"cmp"
	"slices"
	"strings"
)

// Entry is the register of one (ID, Source). A dead entry has only a version.
type Entry struct {
	ID, Source string
	Version    int64
	Date       int64 // microseconds since 1970
	Data       Data
	Live       bool

	// Older is the highest version among the registers that this one outweighed and
	// that said something else: dead, or another date. 0 if there is none above
	// what absence says. A trimmed entry must continue to keep them out.
	Older int64
}

// Cover is the tombstone of a whole item or of a whole source.
type Cover struct {
	Name    string
	Version int64
}

// State is a timeline as one value describes it. The zero State is empty. Every
// State has exactly one normal form, which all functions here preserve:
//
//   - Entries are sorted: first the live ones, the latest position first, then the
//     dead ones by ID and Source. Items and Sources are sorted by Name. There are no
//     duplicates.
//   - No entry is at or below a cover of its id or source, except one that died at
//     the cover's version.
//   - No dead entry says only what its absence says, and every Older is above it.
//   - No cover is at or below the horizon.
//   - Drops are sorted, the one that decides the floor first, and Heals, the latest
//     first. None outweighs another, and no drop is healed.
type State struct {
	Horizon int64
	Entries []Entry
	Items   []Cover // removed items
	Sources []Cover // removed sources

	// Moment is after the one at which the source of truth held the last of what was put.
	Moment int64
	Drops  []Drop
	Heals  []Heal
}

// compareEntries is the order of entries in the normal form.
func compareEntries(a, b Entry) int {
	switch {
	case a.Live != b.Live:
		return cmp.Compare(liveness(b), liveness(a))
	case a.Live && a.Date != b.Date:
		return cmp.Compare(b.Date, a.Date)
	case a.Live:
		return cmp.Or(NewestFirst.Compare(a.Position(), b.Position()), strings.Compare(a.Source, b.Source))
	default:
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Source, b.Source))
	}
}

// about reports whether the entry is the register of (id, source).
func (e *Entry) about(id, source string) bool { return e.ID == id && e.Source == source }

// compareRegisters orders what entries say: by version, then dead over live, then
// the later date, then the greater data.
func compareRegisters(a, b Entry) int {
	if a.Live != b.Live && a.Version == b.Version {
		return cmp.Compare(liveness(b), liveness(a))
	}
	return cmp.Or(
		cmp.Compare(a.Version, b.Version),
		cmp.Compare(a.Date, b.Date),
		a.Data.compare(b.Data),
	)
}

func liveness(e Entry) int {
	if e.Live {
		return 1
	}
	return 0
}

// find returns the index of (id, source) among the entries, or -1.
func (s *State) find(id, source string) int {
	for i := range s.Entries {
		if s.Entries[i].about(id, source) {
			return i
		}
	}
	return -1
}

// covers returns the highest version among the covers of (id, source), or 0.
func (s *State) covers(id, source string) int64 {
	if len(s.Items) == 0 && len(s.Sources) == 0 {
		return 0
	}
	return max(versionOf(s.Items, id), versionOf(s.Sources, source))
}

// absent returns what the state says of an (id, source) without an entry.
func (s *State) absent(id, source string) Entry {
	return Entry{ID: id, Source: source, Version: max(s.Horizon, s.covers(id, source))}
}

// register returns what the state says of (id, source), and the index of its entry,
// or -1.
func (s *State) register(id, source string) (Entry, int) {
	if i := s.find(id, source); i >= 0 {
		return s.Entries[i], i
	}
	return s.absent(id, source), -1
}

// set writes a register in place of the entry at i, or adds it if i is -1. It omits
// a register that says the same as its absence.
func (s *State) set(i int, e Entry) {
	e, keep := s.normal(e)
	if i >= 0 && s.Entries[i].Data != e.Data {
		s.Entries[i].Data.remove()
	}
	if i >= 0 && keep && compareEntries(s.Entries[i], e) == 0 {
		s.Entries[i] = e
		return
	}
	if i >= 0 {
		s.Entries = slices.Delete(s.Entries, i, i+1)
	}
	if keep {
		place, _ := slices.BinarySearchFunc(s.Entries, e, compareEntries)
		s.Entries = slices.Insert(s.Entries, place, e)
	}
}

// normal returns the normal form of e in s, and whether s must hold it at all.
func (s *State) normal(e Entry) (Entry, bool) {
	covers := s.covers(e.ID, e.Source)
	if e.Version < covers || e.Live && e.Version == covers {
		e.Data.remove()
		e = Entry{ID: e.ID, Source: e.Source, Version: covers}
	}
	absent := max(s.Horizon, covers)
	if e.Older <= absent {
		e.Older = 0
	}
	return e, e.Live || e.Version != absent
}

// settle brings every entry in scope into its normal form, after a cover or the
// horizon has risen.
func (s *State) settle(scope func(*Entry) bool) {
	kept, died := 0, false
	for i := range s.Entries {
		e := &s.Entries[i]
		if scope(e) {
			next, keep := s.normal(*e)
			if !keep {
				continue
			}
			died = died || e.Live && !next.Live
			*e = next
		}
		if kept < i {
			s.Entries[kept] = *e
		}
		kept++
	}
	clear(s.Entries[kept:])
	s.Entries = s.Entries[:kept]
	if died {
		s.Sort()
	}
	s.Items = slices.DeleteFunc(s.Items, s.forgotten)
	s.Sources = slices.DeleteFunc(s.Sources, s.forgotten)
}

func (s *State) forgotten(c Cover) bool { return c.Version <= s.Horizon }

func anyEntry(*Entry) bool { return true }

// Sort puts the entries in order.
func (s *State) Sort() { slices.SortFunc(s.Entries, compareEntries) }

// Live returns the live entries, in order. They share the state's memory.
func (s *State) Live() []Entry { return s.Entries[:s.live()] }

// Dead returns the tombstones of entries. They share the state's memory.
func (s *State) Dead() []Entry { return s.Entries[s.live():] }
