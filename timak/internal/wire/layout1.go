package wire

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/timak-go/timak/timak/internal/state"
)

// Layout 1 was written before the first release and is only read. All numbers in
// its body are varints (u: unsigned; s: signed, zigzag). All columns are as long as
// the entries, which are sorted by id and source:
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
// The body follows its unpacked length (u). If byte 3 of the value is 1, the body
// as a whole is compressed.

const (
	flagLive  = 1
	flagOlder = 2
)

func decodeLayout1(key string, value []byte) (state.State, error) {
	if err := check(value); err != nil {
		return state.State{}, err
	}
	length, n := binary.Uvarint(value[headLen:])
	if n <= 0 || length > maxBody {
		return state.State{}, fmt.Errorf("%w: length", ErrCorrupt)
	}
	body, err := unpack1(value[headLen+n:], value[3], int(length))
	if err != nil {
		return state.State{}, err
	}
	return readBody(body, key)
}

func unpack1(packed []byte, how byte, length int) ([]byte, error) {
	switch how {
	case 0:
		if len(packed) != length {
			return nil, fmt.Errorf("%w: %d bytes, want %d", ErrCorrupt, len(packed), length)
		}
		return packed, nil
	case 1:
		return unpack(packed, length)
	default:
		return nil, fmt.Errorf("%w: packing %d is unknown", ErrCorrupt, how)
	}
}

func readBody(body []byte, key string) (state.State, error) {
	r := reader{b: body}
	if got := r.text(); r.err == nil && got != key {
		return state.State{}, fmt.Errorf("%w: it belongs to key %q", ErrCorrupt, got)
	}
	s := state.State{Horizon: r.signed()}
	s.Entries = r.entries()
	if !slices.IsSortedFunc(s.Entries, func(a, b state.Entry) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Source, b.Source))
	}) {
		r.fail("entries out of order")
	}
	s.Sort()
	s.Items = r.covers()
	s.Sources = r.covers()
	return r.finish(s, nil)
}

// minEntry1 is the fewest bytes of an entry.
const minEntry1 = 6

func (r *reader) entries() []state.Entry {
	n := r.count(minEntry1)
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

// older reads the older version of an entry with this version.
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
			entries[i].Data = state.Plain(r.take(lengths[i]))
		}
	}
}
