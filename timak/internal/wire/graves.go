package wire

import "github.com/timak-go/timak/timak/internal/state"

// What a timeline remembers of what is gone, all names front-coded and all
// versions less the one before:
//
//	dead     u count; ids, sources, versions
//	items    u count; names, versions
//	sources  u count; names, versions

func (w *writer) graves(s *state.State, dead []state.Entry) {
	w.unsigned(uint64(len(dead)))
	w.names(len(dead), func(i int) string { return dead[i].ID })
	w.names(len(dead), func(i int) string { return dead[i].Source })
	w.deltas(len(dead), func(i int) int64 { return dead[i].Version })
	w.covers(s.Items)
	w.covers(s.Sources)
}

func (w *writer) covers(covers []state.Cover) {
	w.unsigned(uint64(len(covers)))
	w.names(len(covers), func(i int) string { return covers[i].Name })
	w.deltas(len(covers), func(i int) int64 { return covers[i].Version })
}

// The fewest bytes that a dead entry and a cover take.
const (
	minDead  = 5
	minCover = 3
)

// graves reads into s, its live entries being there already.
func (r *reader) graves(s *state.State) {
	n, start := r.count(minDead), len(s.Entries)
	if n > 0 {
		s.Entries = append(s.Entries, make([]state.Entry, n)...)
	}
	dead := s.Entries[start:]
	r.names(n, func(i int, name string) { dead[i].ID = name })
	r.names(n, func(i int, name string) { dead[i].Source = name })
	r.deltas(n, func(i int, v int64) { dead[i].Version = v })
	s.Items = r.covers()
	s.Sources = r.covers()
}

func (r *reader) covers() []state.Cover {
	n := r.count(minCover)
	if n == 0 {
		return nil
	}
	covers := make([]state.Cover, n)
	r.names(n, func(i int, name string) { covers[i].Name = name })
	r.deltas(n, func(i int, v int64) { covers[i].Version = v })
	return covers
}

// finish returns a state that was read to the end, if it is one. The view is that
// of its blocks; nil if it has none.
func (r *reader) finish(s state.State, v *View) (state.State, error) {
	if r.err == nil && len(r.b) > 0 {
		r.fail("bytes left over")
	}
	if r.err == nil {
		if fault := s.Abnormal(); fault != nil {
			r.fail("not in normal form: " + said(fault, &s, v))
		}
	}
	if r.err != nil {
		return state.State{}, r.err
	}
	return s, nil
}
