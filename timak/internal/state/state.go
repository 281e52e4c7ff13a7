// Package state is a timeline's data and the one rule by which it is merged.
// It is pure: no clock, no I/O, no lock.
//
// A State holds a register for each (id, source), covers, which are tombstones
// for a whole item or a whole source, and the horizon, which stands for all
// tombstones that were forgotten. Absence means dead at the highest of the
// horizon and the covers of that id and source. With that, every change of a
// timeline is a merge.
package state

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Entry is the register of one (ID, Source). A dead entry has nothing but its
// version.
type Entry struct {
	ID, Source string
	Version    int64
	Live       bool
	Date       int64 // microseconds since 1970
	Data       []byte

	// Older is the highest version among the registers that this one outweighed
	// and that said something else: dead, or another date. 0 if there is none
	// above what absence says. An entry that is trimmed must go on keeping them
	// out.
	Older int64
}

// Cover is the tombstone of a whole item or of a whole source.
type Cover struct {
	Name    string
	Version int64
}

// State is a timeline as one value says it. The zero State is empty. Every
// State has one way to be written down, which all functions here keep:
//
//   - Entries are sorted by ID, then Source; Items and Sources by Name; none twice.
//   - No entry is at or below a cover of its id or source, but for one that
//     died at the cover's version.
//   - No dead entry says what its absence says, and no Older less than it says.
//   - No cover is at or below the horizon.
type State struct {
	Horizon int64
	Entries []Entry
	Items   []Cover // removed items
	Sources []Cover // removed sources
}

// compareNames orders entries by what they are about.
func compareNames(a, b Entry) int {
	return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Source, b.Source))
}

// compareRegisters orders what entries say: by version, then dead over live,
// then the later date, then the larger data.
func compareRegisters(a, b Entry) int {
	if a.Live != b.Live && a.Version == b.Version {
		return cmp.Compare(liveness(b), liveness(a))
	}
	return cmp.Or(
		cmp.Compare(a.Version, b.Version),
		cmp.Compare(a.Date, b.Date),
		bytes.Compare(a.Data, b.Data),
	)
}

func liveness(e Entry) int {
	if e.Live {
		return 1
	}
	return 0
}

// find returns the place of (id, source) among the entries.
func (s *State) find(id, source string) (int, bool) {
	return slices.BinarySearchFunc(s.Entries, Entry{ID: id, Source: source}, compareNames)
}

// covers returns the highest version among the covers of (id, source), or 0.
func (s *State) covers(id, source string) int64 {
	return max(versionOf(s.Items, id), versionOf(s.Sources, source))
}

// absent returns what the state says of an (id, source) without an entry.
func (s *State) absent(id, source string) Entry {
	return Entry{ID: id, Source: source, Version: max(s.Horizon, s.covers(id, source))}
}

// set writes a register at its place i, or leaves it out where its absence
// says the same.
func (s *State) set(i int, found bool, e Entry) {
	e, keep := s.normal(e)
	switch {
	case keep && found:
		s.Entries[i] = e
	case keep:
		s.Entries = slices.Insert(s.Entries, i, e)
	case found:
		s.Entries = slices.Delete(s.Entries, i, i+1)
	}
}

// normal returns the one way to write e down in s, and whether to write it at
// all.
func (s *State) normal(e Entry) (Entry, bool) {
	covers := s.covers(e.ID, e.Source)
	if e.Version < covers || e.Live && e.Version == covers {
		e = Entry{ID: e.ID, Source: e.Source, Version: covers}
	}
	absent := max(s.Horizon, covers)
	if e.Older <= absent {
		e.Older = 0
	}
	return e, e.Live || e.Version != absent
}

// settle brings every entry that scope names into its normal form, after a
// cover or the horizon has risen.
func (s *State) settle(scope func(Entry) bool) {
	kept := s.Entries[:0]
	for _, e := range s.Entries {
		keep := true
		if scope(e) {
			e, keep = s.normal(e)
		}
		if keep {
			kept = append(kept, e)
		}
	}
	clear(s.Entries[len(kept):])
	s.Entries = kept
	s.Items = slices.DeleteFunc(s.Items, s.forgotten)
	s.Sources = slices.DeleteFunc(s.Sources, s.forgotten)
}

func (s *State) forgotten(c Cover) bool { return c.Version <= s.Horizon }

func anyEntry(Entry) bool { return true }

// Normal reports whether s is written down in the one way; a State that was
// read from elsewhere may not be.
func (s *State) Normal() bool {
	return s.Horizon >= 0 &&
		slices.IsSortedFunc(s.Entries, strictly(compareNames)) &&
		slices.IsSortedFunc(s.Items, strictly(compareCovers)) &&
		slices.IsSortedFunc(s.Sources, strictly(compareCovers)) &&
		!slices.ContainsFunc(s.Entries, func(e Entry) bool { return !s.normalEntry(e) }) &&
		!slices.ContainsFunc(s.Items, s.forgotten) &&
		!slices.ContainsFunc(s.Sources, s.forgotten)
}

func (s *State) normalEntry(e Entry) bool {
	got, keep := s.normal(e)
	return keep && got.Version == e.Version && got.Live == e.Live && got.Older == e.Older &&
		e.Version > 0 && e.Older <= e.Version && (e.Live || e.Older == 0)
}

// strictly makes a comparison for slices.IsSortedFunc that finds equal
// neighbours out of order.
func strictly[T any](compare func(a, b T) int) func(a, b T) int {
	return func(a, b T) int {
		if compare(a, b) == 0 {
			return -1
		}
		return compare(a, b)
	}
}
