package state

// About returns what the state says of some items: all their entries, and their
// tombstones as items. Merged with a state that changes of these items have turned into s, that
// is s: if no change was a removal at or below the horizon, which leaves no tombstone. It
// shares memory with s.
func (s *State) About(items func(id string) bool) State {
	about := State{Moment: s.Moment}
	for _, e := range s.Entries {
		if items(e.ID) {
			about.Entries = append(about.Entries, e)
		}
	}
	for _, c := range s.Items {
		if items(c.Name) {
			about.Items = append(about.Items, c)
		}
	}
	return about
}

// KeepsData reports whether s has all the data that before has, entry by entry.
func (s *State) KeepsData(before *State) bool {
	for _, e := range before.Live() {
		if now, live := s.Find(e.ID, e.Source); e.Data.Len() > 0 && (!live || !now.Data.Equal(e.Data)) {
			return false
		}
	}
	return true
}
