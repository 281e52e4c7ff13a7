package state

import (
	"cmp"
	"hash/maphash"
	"math/bits"
	"strings"
)

// Fault is a rule of State that a state breaks, and where. It contains no names,
// data or times.
type Fault struct {
	Part  Part
	Place int    // among the parts of that kind, from 0
	Other int    // the conflicting entry; -1 if there is none
	Rule  string // what is wrong with the part, as in "entry 3 "+Rule
}

// Part is a part of a state.
type Part string

// The parts that a Fault may be in.
const (
	Horizon       Part = "the horizon"
	AnEntry       Part = "entry"
	RemovedItem   Part = "removed item"
	RemovedSource Part = "removed source"
	TheMoment     Part = "the moment"
	ADrop         Part = "drop"
	AHeal         Part = "heal"
)

// Abnormal returns the first rule that s breaks, or nil if s is in normal form. A
// State that was read from elsewhere may not be.
func (s *State) Abnormal() *Fault {
	if s.Horizon < 0 {
		return &Fault{Horizon, 0, -1, "is below 0"}
	}
	return cmp.Or(
		s.unsorted(), s.twice(),
		unsortedCover(RemovedItem, s.Items), unsortedCover(RemovedSource, s.Sources),
		s.abnormalEntry(),
		s.forgottenCover(RemovedItem, s.Items), s.forgottenCover(RemovedSource, s.Sources),
		s.abnormalFloor(),
	)
}

// unsorted finds an entry that must not follow the one before it.
func (s *State) unsorted() *Fault {
	for i := 1; i < len(s.Entries); i++ {
		a, b := &s.Entries[i-1], &s.Entries[i]
		if a.Live && b.Live && a.Date > b.Date {
			continue // nearly always
		}
		if compareEntries(*a, *b) >= 0 {
			return &Fault{AnEntry, i, -1, whyUnsorted(a, b)}
		}
	}
	return nil
}

// whyUnsorted says why b must not follow a.
func whyUnsorted(a, b *Entry) string {
	switch {
	case a.about(b.ID, b.Source):
		return "has the same id and source as the one before it"
	case a.Live != b.Live:
		return "is live but follows a dead one"
	case a.Live && a.Date != b.Date:
		return "is dated later than the one before it"
	case a.Live:
		return "has the same date as the one before it but is out of id order"
	default:
		return "is dead and out of the order of ids and sources"
	}
}

// name identifies an entry.
type name struct{ id, source string }

// twice finds two entries with the same id and source. Its table uses open
// addressing, as a map would take longer than all the rest of reading.
func (s *State) twice() *Fault {
	size := 16
	for size < 2*len(s.Entries) {
		size *= 2
	}
	table := make([]int32, size) // places among the entries, from 1
	for i := range s.Entries {
		e := &s.Entries[i]
		h := hash(e)
		for ; table[h&uint64(size-1)] != 0; h++ {
			other := int(table[h&uint64(size-1)] - 1)
			if s.Entries[other].about(e.ID, e.Source) {
				return &Fault{AnEntry, i, other, "has the same id and source as"}
			}
		}
		table[h&uint64(size-1)] = int32(i + 1)
	}
	return nil
}

var seed = maphash.MakeSeed()

func hash(e *Entry) uint64 {
	h := maphash.String(seed, e.ID)
	if e.Source != "" {
		h ^= bits.RotateLeft64(maphash.String(seed, e.Source), 32)
	}
	return h
}

func unsortedCover(part Part, covers []Cover) *Fault {
	for i := 1; i < len(covers); i++ {
		switch c := strings.Compare(covers[i-1].Name, covers[i].Name); {
		case c == 0:
			return &Fault{part, i, -1, "is the same as the one before it"}
		case c > 0:
			return &Fault{part, i, -1, "is out of the order of names"}
		}
	}
	return nil
}

func (s *State) forgottenCover(part Part, covers []Cover) *Fault {
	for i := range covers {
		if s.forgotten(covers[i]) {
			return &Fault{part, i, -1, "is at or below the horizon"}
		}
	}
	return nil
}

func (s *State) abnormalEntry() *Fault {
	for i := range s.Entries {
		if rule := s.brokenBy(&s.Entries[i]); rule != "" {
			return &Fault{AnEntry, i, -1, rule}
		}
	}
	return nil
}

// brokenBy returns the rule for single entries that e breaks, or "".
func (s *State) brokenBy(e *Entry) string {
	covers := s.covers(e.ID, e.Source)
	if e.Live && e.Older == 0 && e.Version > covers {
		return "" // nearly always
	}
	absent := max(s.Horizon, covers)
	switch {
	case e.Version <= 0:
		return "has no version above 0"
	case e.Version < covers:
		return "is older than the removal of its item or source"
	case e.Older < 0 || e.Older > e.Version:
		return "keeps out an older version that is above its own or below 0"
	case e.Live && e.Version == covers:
		return "is live at the version at which its item or source was removed"
	case e.Live && e.Older > 0 && e.Older <= absent:
		return "keeps out an older version that its absence would keep out as well"
	case !e.Live && e.Older > 0:
		return "is dead but keeps out an older version"
	case !e.Live && e.Version == absent:
		return "is dead but says no more than its absence"
	default:
		return ""
	}
}

// abnormalFloor finds what is wrong with the moment, the drops and the heals.
func (s *State) abnormalFloor() *Fault {
	if s.Moment < 0 {
		return &Fault{TheMoment, 0, -1, "is below 0"}
	}
	for i, d := range s.Drops {
		switch {
		case d.Moment < 0:
			return &Fault{ADrop, i, -1, "has a moment below 0"}
		case s.healed(d):
			return &Fault{ADrop, i, -1, "is healed"}
		}
	}
	for i, h := range s.Heals {
		if h.Moment < 0 {
			return &Fault{AHeal, i, -1, "has a moment below 0"}
		}
	}
	return cmp.Or(idle(ADrop, s.Drops, Drop.outweighs, Drop.compare), idle(AHeal, s.Heals, Heal.outweighs, Heal.compare))
}

// idle finds one that another outweighs, or that is out of order.
func idle[T any](part Part, all []T, outweighs func(a, b T) bool, compare func(a, b T) int) *Fault {
	for i, one := range all {
		for n, other := range all[:i] {
			switch {
			case outweighs(other, one) || outweighs(one, other):
				return &Fault{part, i, n, "says no more, or no less, than another one"}
			case compare(other, one) >= 0:
				return &Fault{part, i, n, "is out of order"}
			}
		}
	}
	return nil
}
