package state

import "slices"

// Trim takes all but the first limit items of the order out of the state and
// returns the ids of the others. What is trimmed is simply absent, but for
// entries that keep something out which would show elsewhere: an older register
// of theirs, or themselves without the one that decides where the item is. Those
// leave a tombstone at their version.
func (s *State) Trim(order Order, limit int) (trimmed map[string]bool) {
	items := s.Visible(order)
	if len(items) <= limit {
		return nil
	}
	trimmed = make(map[string]bool, len(items)-limit)
	dates := make(map[string]int64, len(items)-limit)
	for _, item := range items[limit:] {
		trimmed[item.ID], dates[item.ID] = true, item.Date
	}
	for i, e := range s.Entries {
		elsewhere := e.Older > 0 || e.Date != dates[e.ID] && e.Version > s.Horizon
		if e.Live && trimmed[e.ID] && elsewhere {
			s.Entries[i] = Entry{ID: e.ID, Source: e.Source, Version: e.Version}
		}
	}
	s.Entries = slices.DeleteFunc(s.Entries, func(e Entry) bool { return e.Live && trimmed[e.ID] })
	return trimmed
}

// Collect forgets the tombstones with a version below before, and raises the
// horizon to the highest of them.
func (s *State) Collect(before int64) {
	horizon := s.Horizon
	for _, e := range s.Entries {
		if !e.Live && e.Version < before {
			horizon = max(horizon, e.Version)
		}
	}
	for _, covers := range [][]Cover{s.Items, s.Sources} {
		for _, c := range covers {
			if c.Version < before {
				horizon = max(horizon, c.Version)
			}
		}
	}
	s.Entries = slices.DeleteFunc(s.Entries, func(e Entry) bool { return !e.Live && e.Version < before })
	s.Horizon = horizon
	s.settle(anyEntry)
}
