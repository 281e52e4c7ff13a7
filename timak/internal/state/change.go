package state

import "slices"

// Verdict says what a change did to a state.
type Verdict uint8

const (
	// Done means that the state is as the change wanted.
	Done Verdict = iota + 1
	// Superseded means that something newer is there.
	Superseded
	// Stale means that the change is at or below the horizon.
	Stale
	// Covered means that an entry's whole source has been removed since, and nothing else
	// of it is newer.
	Covered
)

// Put merges a live entry into the state.
func (s *State) Put(e Entry) Verdict { return s.PutBefore(e, 0) }

// PutBefore is Put for an entry that the source of truth held before a moment.
func (s *State) PutBefore(e Entry, moment int64) Verdict {
	now, i := s.register(e.ID, e.Source)
	switch {
	case i < 0 && e.Version <= versionOf(s.Items, e.ID):
		return Superseded
	case i < 0 && e.Version <= versionOf(s.Sources, e.Source):
		return Covered
	case i < 0 && e.Version <= s.Horizon:
		return Stale
	}
	news := compareRegisters(e, now)
	s.set(i, join(e, now))
	switch {
	case news < 0:
		return Superseded
	case news > 0:
		s.Moment = max(s.Moment, moment)
	}
	return Done
}

// RemoveEntry merges a dead register into the state.
func (s *State) RemoveEntry(id, source string, version int64) Verdict {
	now, i := s.register(id, source)
	switch {
	case i < 0 && version <= s.Horizon && s.covers(id, source) <= s.Horizon:
		return Stale
	case i < 0 && version < now.Version:
		return Superseded
	}
	s.set(i, join(Entry{ID: id, Source: source, Version: version}, now))
	if version < now.Version {
		return Superseded
	}
	return Done
}

// Remove merges the tombstone of an item, whatever its sources.
func (s *State) Remove(id string, version int64) Verdict {
	before := versionOf(s.Items, id)
	s.Items = raise(s.Items, id, version)
	return s.cover(before, version, func(e *Entry) bool { return e.ID == id })
}

// RemoveSource merges the tombstone of a source, whatever its items.
func (s *State) RemoveSource(source string, version int64) Verdict {
	before := versionOf(s.Sources, source)
	s.Sources = raise(s.Sources, source, version)
	return s.cover(before, version, func(e *Entry) bool { return e.Source == source })
}

// cover applies a cover that rose from before to version.
func (s *State) cover(before, version int64, scope func(*Entry) bool) Verdict {
	live := s.countLive(scope)
	s.settle(scope)
	left := s.countLive(scope)
	switch {
	case left > 0 || version < before:
		return Superseded
	case version <= s.Horizon && left == live:
		return Stale
	default:
		return Done
	}
}

func (s *State) countLive(scope func(*Entry) bool) int {
	n := 0
	for i := range s.Entries {
		if e := &s.Entries[i]; e.Live && scope(e) {
			n++
		}
	}
	return n
}

// SeenOfEntry returns the highest version that the state knows of (id, source); 0
// if none.
func (s *State) SeenOfEntry(id, source string) int64 {
	now, _ := s.register(id, source)
	return max(now.Version, s.absent(id, source).Version)
}

// Find returns the live entry of (id, source), and whether there is one.
func (s *State) Find(id, source string) (Entry, bool) {
	e, i := s.register(id, source)
	return e, i >= 0 && e.Live
}

// SeenOfItem returns the highest version that the state knows of an item.
func (s *State) SeenOfItem(id string) int64 {
	return s.seen(versionOf(s.Items, id), func(e *Entry) bool { return e.ID == id })
}

// SeenOfSource returns the highest version that the state knows of a source.
func (s *State) SeenOfSource(source string) int64 {
	return s.seen(versionOf(s.Sources, source), func(e *Entry) bool { return e.Source == source })
}

func (s *State) seen(cover int64, scope func(*Entry) bool) int64 {
	seen := max(s.Horizon, cover)
	for i := range s.Entries {
		if e := &s.Entries[i]; scope(e) {
			seen = max(seen, e.Version)
		}
	}
	return seen
}

// Clone returns a copy that shares only the bytes of data with s.
func (s *State) Clone() State {
	return State{
		Horizon: s.Horizon,
		Entries: slices.Clone(s.Entries),
		Items:   slices.Clone(s.Items),
		Sources: slices.Clone(s.Sources),
		Moment:  s.Moment,
		Drops:   slices.Clone(s.Drops),
		Heals:   slices.Clone(s.Heals),
	}
}

// Empty reports whether the state says nothing at all.
func (s *State) Empty() bool {
	return s.Horizon == 0 && len(s.Entries) == 0 && len(s.Items) == 0 && len(s.Sources) == 0 && len(s.Drops) == 0
}
