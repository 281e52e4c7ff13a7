package state

import "slices"

// Trim removes all but the first limit items of the order from the state, and returns the
// ids of the removed ones. It raises the floor to the first place of their entries: if the
// entry that decides where an item is goes later, the item moves to another one's place. A
// trimmed entry is simply absent, unless it keeps out something that would then show
// elsewhere: an older register, or the entry itself if another one decided where the item
// is. Such an entry leaves a tombstone at its version.
func (s *State) Trim(order Order, limit int) (trimmed map[string]bool) {
	if s.live() <= limit {
		return nil
	}
	items := s.Visible(order)
	if len(items) <= limit {
		return nil
	}
	trimmed = make(map[string]bool, len(items)-limit)
	dates := make(map[string]int64, len(items)-limit)
	for _, item := range items[limit:] {
		trimmed[item.ID], dates[item.ID] = true, item.Date
	}
	first, last := 0, s.live()
	if !s.Shared() && order == NewestFirst {
		first = limit // the items are the live entries
	}
	var buried []Entry
	kept := first
	for i := first; i < last; i++ {
		e := s.Entries[i]
		if !trimmed[e.ID] {
			s.Entries[kept] = e
			kept++
			continue
		}
		s.RaiseFloor(order, e.Position(), s.Moment)
		if e.Older > 0 || e.Date != dates[e.ID] && e.Version > s.Horizon {
			buried = append(buried, Entry{ID: e.ID, Source: e.Source, Version: e.Version})
		}
	}
	s.Entries = slices.Delete(s.Entries, kept, last)
	s.insert(buried, false)
	return trimmed
}

// Collect removes the tombstones with a version below before, and raises the
// horizon to the highest of them. It reports whether there were any.
func (s *State) Collect(before int64) bool {
	horizon := s.Horizon
	dead := s.Dead()
	for i := range dead {
		if dead[i].Version < before {
			horizon = max(horizon, dead[i].Version)
		}
	}
	for _, covers := range [][]Cover{s.Items, s.Sources} {
		for _, c := range covers {
			if c.Version < before {
				horizon = max(horizon, c.Version)
			}
		}
	}
	if horizon == s.Horizon && !slices.ContainsFunc(dead, func(e Entry) bool { return e.Version < before }) {
		return false // a cover is above the horizon
	}
	s.Entries = append(s.Live(), slices.DeleteFunc(dead, func(e Entry) bool { return e.Version < before })...)
	s.Horizon = horizon
	s.settle(anyEntry)
	return true
}

// Raise lifts the horizon to a version, unless it is already higher. Live entries
// stay; tombstones up to the horizon go.
func (s *State) Raise(horizon int64) {
	s.Horizon = max(s.Horizon, horizon)
	s.Entries = slices.DeleteFunc(s.Entries, func(e Entry) bool { return !e.Live && e.Version <= s.Horizon })
	s.settle(anyEntry)
}

// Rejoin adds entries that were left out of s while it changed. They are brought up
// to date with what s has collected since; nothing else in them changes.
func (s *State) Rejoin(entries []Entry) {
	s.Entries = append(s.Entries, entries...)
	s.Sort()
	s.settle(anyEntry)
}
