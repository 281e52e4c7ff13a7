package wire

import (
	"fmt"

	"github.com/timak-go/timak/timak/internal/state"
)

// The body, all numbers varints (u: unsigned; s: signed, zigzag) and all
// columns as long as the entries:
//
//	key         u length, bytes
//	horizon     s
//	entries     u count
//	ids         front-coded: u bytes shared with the id before, u length of the rest, the rest
//	sources     front-coded
//	flags       one byte an entry: 1 live, 2 has an older
//	versions    s, each less the one before
//	olders      u, the version less it, of entries that have one only
//	dates       s, each less the one before, of live entries only
//	data        u length an entry, of live entries only; then all of the bytes
//	items       covers: u count, names front-coded, versions s, each less the one before
//	sources     covers, likewise
//
// A body of any other State than one in its normal form is damaged.

const (
	flagLive  = 1
	flagOlder = 2
)

func (w *writer) body(key string, s *state.State) {
	w.text(key)
	w.signed(s.Horizon)
	w.unsigned(uint64(len(s.Entries)))
	w.names(len(s.Entries), func(i int) string { return s.Entries[i].ID })
	w.names(len(s.Entries), func(i int) string { return s.Entries[i].Source })
	for _, e := range s.Entries {
		w.b = append(w.b, flags(e))
	}
	w.deltas(len(s.Entries), func(i int) int64 { return s.Entries[i].Version })
	w.olders(s.Entries)
	w.live(s.Entries)
	w.covers(s.Items)
	w.covers(s.Sources)
}

func flags(e state.Entry) (b byte) {
	if e.Live {
		b |= flagLive
	}
	if e.Older > 0 {
		b |= flagOlder
	}
	return b
}

func (w *writer) olders(entries []state.Entry) {
	for _, e := range entries {
		if e.Older > 0 {
			w.unsigned(uint64(e.Version - e.Older))
		}
	}
}

// live writes what only live entries have.
func (w *writer) live(entries []state.Entry) {
	var last int64
	for _, e := range entries {
		if e.Live {
			w.signed(e.Date - last)
			last = e.Date
		}
	}
	for _, e := range entries {
		if e.Live {
			w.unsigned(uint64(len(e.Data)))
		}
	}
	for _, e := range entries {
		w.b = append(w.b, e.Data...)
	}
}

func (w *writer) covers(covers []state.Cover) {
	w.unsigned(uint64(len(covers)))
	w.names(len(covers), func(i int) string { return covers[i].Name })
	w.deltas(len(covers), func(i int) int64 { return covers[i].Version })
}

func readBody(body []byte, key string) (state.State, error) {
	r := reader{b: body}
	if got := r.text(); r.err == nil && got != key {
		return state.State{}, fmt.Errorf("%w: it belongs to key %q", ErrCorrupt, got)
	}
	s := state.State{Horizon: r.signed()}
	s.Entries = r.entries()
	s.Items = r.covers()
	s.Sources = r.covers()
	if r.err == nil && len(r.b) > 0 {
		r.fail("bytes left over")
	}
	if r.err == nil && !s.Normal() {
		r.fail("not in normal form")
	}
	if r.err != nil {
		return state.State{}, r.err
	}
	return s, nil
}

// The fewest bytes that an entry and a cover take.
const (
	minEntry = 6
	minCover = 3
)

func (r *reader) entries() []state.Entry {
	n := r.count(minEntry)
	entries := make([]state.Entry, n)
	r.names(n, func(i int, name string) { entries[i].ID = name })
	r.names(n, func(i int, name string) { entries[i].Source = name })
	flags := r.take(n)
	r.deltas(n, func(i int, v int64) { entries[i].Version = v })
	for i, b := range flags {
		if b > flagLive|flagOlder {
			r.fail("flags")
		}
		entries[i].Live = b&flagLive != 0
		if b&flagOlder != 0 {
			entries[i].Older = r.older(entries[i].Version)
		}
	}
	r.live(entries)
	return entries
}

// older reads what an entry of this version keeps out, which is something.
func (r *reader) older(version int64) int64 {
	older := version - int64(r.unsigned())
	if older <= 0 || older > version {
		r.fail("older")
	}
	return older
}

func (r *reader) live(entries []state.Entry) {
	var last int64
	lengths := make([]int, len(entries))
	for i := range entries {
		if entries[i].Live {
			last += r.signed()
			entries[i].Date = last
		}
	}
	for i := range entries {
		if entries[i].Live {
			lengths[i] = r.count(1)
		}
	}
	for i := range entries {
		if lengths[i] > 0 {
			entries[i].Data = r.take(lengths[i])
		}
	}
}

func (r *reader) covers() []state.Cover {
	n := r.count(minCover)
	covers := make([]state.Cover, n)
	r.names(n, func(i int, name string) { covers[i].Name = name })
	r.deltas(n, func(i int, v int64) { covers[i].Version = v })
	return covers
}
