package state

import "slices"

// Equal reports whether two states say the same. Both must be in normal form.
func (s *State) Equal(o *State) bool {
	return s.Horizon == o.Horizon && s.Moment == o.Moment && slices.Equal(s.Drops, o.Drops) && slices.Equal(s.Heals, o.Heals) &&
		slices.Equal(s.Items, o.Items) && slices.Equal(s.Sources, o.Sources) &&
		slices.EqualFunc(s.Entries, o.Entries, Entry.equal)
}

func (e Entry) equal(o Entry) bool {
	same := e.Data.Equal(o.Data)
	e.Data, o.Data = Data{}, Data{}
	return same && e == o
}
