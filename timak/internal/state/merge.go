package state

import "slices"

// Merge returns what a and b say together: for every (id, source) the join of the
// two registers, where absence counts as what it means in that state. It is
// commutative, associative and idempotent. It leaves a and b unchanged and shares
// their data.
func Merge(a, b State) State {
	out := a.Clone()
	out.Absorb(b)
	return out
}

// Absorb merges b into s, and leaves b unchanged. It takes one pass over both if
// their entries are in much the same order, as those of siblings are.
func (s *State) Absorb(b State) {
	s.absorbFloor(&b)
	m := meeting{s: s, met: make([]bool, len(s.Entries))}
	for i := range b.Entries {
		m.meet(&b.Entries[i])
	}
	if b.Horizon > 0 || len(b.Items)+len(b.Sources) > 0 {
		m.part(&b)
		s.Horizon = max(s.Horizon, b.Horizon)
		s.Items = mergeCovers(s.Items, b.Items)
		s.Sources = mergeCovers(s.Sources, b.Sources)
		m.changed = true
	}
	if !m.changed {
		s.insert(s.normalOf(m.fresh), false)
		return
	}
	s.insert(m.fresh, m.moved)
	s.settle(anyEntry)
}

// normalOf brings entries that s does not have into normal form.
func (s *State) normalOf(entries []Entry) []Entry {
	kept := entries[:0]
	for _, e := range entries {
		if e, keep := s.normal(e); keep {
			kept = append(kept, e)
		}
	}
	return kept
}

// meeting is one state being merged into another.
type meeting struct {
	s      *State
	met    []bool // of the entries of s
	next   int    // where the next entry is expected
	misses int    // how often it was not there
	index  map[name]int
	fresh  []Entry // entries that s does not have

	changed bool // a register of s has changed
	moved   bool // an entry of s may be out of its place
}

// meet joins an entry of the other state with what s says.
func (m *meeting) meet(e *Entry) {
	i := m.find(e)
	if i < 0 {
		joined := join(*e, m.s.absent(e.ID, e.Source))
		if !joined.Live {
			e.Data.remove()
		}
		m.fresh = append(m.fresh, joined)
		return
	}
	m.met[i], m.next = true, i+1
	if m.s.Entries[i] != *e {
		m.join(i, e)
	}
}

func (m *meeting) join(i int, e *Entry) {
	old := &m.s.Entries[i]
	joined := join(*old, *e)
	m.moved = m.moved || joined.Live != old.Live || joined.Date != old.Date
	m.changed = m.changed || m.moved || joined.Version != old.Version || joined.Older != old.Older
	for _, data := range []Data{old.Data, e.Data} {
		if data != joined.Data {
			data.remove()
		}
	}
	*old = joined
}

// part joins the entries of s that the other state lacks with what the other state
// says of them anyway.
func (m *meeting) part(b *State) {
	for i, met := range m.met {
		if !met {
			e := &m.s.Entries[i]
			absent := b.absent(e.ID, e.Source)
			m.join(i, &absent)
		}
	}
}

// manyMisses is the number above which an index is cheaper than searching all
// entries.
const manyMisses = 16

// find returns the place of e's register in s, or -1.
func (m *meeting) find(e *Entry) int {
	entries := m.s.Entries
	if m.next < len(entries) && entries[m.next].about(e.ID, e.Source) {
		return m.next
	}
	if m.misses++; m.misses <= manyMisses {
		return m.s.find(e.ID, e.Source)
	}
	if m.index == nil {
		m.index = make(map[name]int, len(entries))
		for i := range entries {
			m.index[name{entries[i].ID, entries[i].Source}] = i
		}
	}
	if i, found := m.index[name{e.ID, e.Source}]; found {
		return i
	}
	return -1
}

// insert puts entries in their places; sort is true if others may be out of theirs.
func (s *State) insert(entries []Entry, sort bool) {
	if sort || len(entries) > manyMisses {
		s.Entries = append(s.Entries, entries...)
		slices.SortFunc(s.Entries, compareEntries)
		return
	}
	for _, e := range entries {
		i, _ := slices.BinarySearchFunc(s.Entries, e, compareEntries)
		s.Entries = slices.Insert(s.Entries, i, e)
	}
}

// join returns what two registers of one (id, source) say together.
func join(a, b Entry) Entry {
	if compareRegisters(a, b) < 0 {
		a, b = b, a
	}
	if !a.Live {
		return a
	}
	a.Older = max(a.Older, b.Older)
	if !b.Live || b.Date != a.Date {
		a.Older = max(a.Older, b.Version)
	}
	return a
}
