package wire

import "github.com/timak-go/timak/timak/internal/state"

// The tombstones of a timeline. All names are front-coded, and every version is
// stored less the one before:
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

// The fewest bytes of a dead entry and of a cover.
const (
	minDead  = 5
	minCover = 3
)

// graves reads into s, which already has its live entries.
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

// finish returns the state after checking that it was read to the end and is in
// normal form. v is the view of its blocks; nil if it has none.
func (r *reader) finish(s state.State, v *View) (state.State, error) {
	if r.err == nil && len(r.b) > 0 {
		r.fail("bytes left over")
	}
	if r.err == nil {
		if fault := s.Abnormal(); fault != nil {
			r.fail("not in normal form: " + describe(fault, &s, v))
		}
	}
	if r.err != nil {
		return state.State{}, r.err
	}
	return s, nil
}
