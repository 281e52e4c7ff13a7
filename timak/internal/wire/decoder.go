package wire

import (
	"bytes"
	"slices"

	"github.com/timak-go/timak/timak/internal/state"
)

// Decoder decodes the siblings of a key. They mostly derive from one value and
// share most of their blocks. A block that is also in the first sibling is not
// decoded again, and its data is unpacked at most once. The states share that data,
// so all of them together belong to one goroutine.
//
// The zero Decoder is ready for use.
type Decoder struct {
	first *View
	live  [][]state.Entry // of each of first's blocks
}

// Decode does what the function Decode does.
func (d *Decoder) Decode(key string, value []byte) (state.State, error) {
	if !isBlocks(value) {
		return Decode(key, value)
	}
	v, err := openWhole(key, value)
	if err != nil {
		return state.State{}, err
	}
	if d.first == nil || !v.sharesDictionaries(d.first) {
		s, err := v.decode(v.all)
		if err == nil && d.first == nil {
			d.keep(v, s.Live())
		}
		return s, err
	}
	return v.decode(func() ([]state.Entry, error) { return d.entries(v) })
}

// keep remembers the first value.
func (d *Decoder) keep(v *View, live []state.Entry) {
	live = slices.Clone(live)
	d.first, d.live = v, make([][]state.Entry, len(v.head.blocks))
	for i, b := range v.head.blocks {
		d.live[i], live = live[:b.entries], live[b.entries:]
	}
}

// sharesDictionaries reports whether equal bytes mean the same block in both values:
// whether one dictionary continues the other.
func (v *View) sharesDictionaries(o *View) bool {
	return continues(v.head.names.texts, o.head.names.texts) && continues(v.head.sources.texts, o.head.sources.texts)
}

func continues(a, b []string) bool {
	n := min(len(a), len(b))
	return slices.Equal(a[:n], b[:n])
}

// entries returns the live entries of a value.
func (d *Decoder) entries(v *View) ([]state.Entry, error) {
	entries := make([]state.Entry, v.entries, v.entries+1)
	at, like := 0, 0
	for i := range v.head.blocks {
		b := &v.head.blocks[i]
		block := entries[at : at+b.entries]
		for at += b.entries; like < len(d.live) && d.first.head.blocks[like].date > b.date; like++ {
		}
		if like < len(d.live) && d.first.sameBlock(like, v, i) {
			copy(block, d.live[like])
		} else if err := v.blockAlone(i, block); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// sameBlock reports whether block i of v is stored like block j of o.
func (v *View) sameBlock(i int, o *View, j int) bool {
	a, b := &v.head.blocks[i], &o.head.blocks[j]
	return a.entries == b.entries && a.data == b.data && a.date == b.date &&
		bytes.Equal(v.columnsOf(a), o.columnsOf(b)) && bytes.Equal(v.dataOf(a), o.dataOf(b))
}
