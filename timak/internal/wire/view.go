package wire

import (
	"fmt"

	"github.com/timak-go/timak/timak/internal/state"
)

// View is a stored value that is read in parts: only the head is decoded. It
// belongs to one goroutine at a time.
type View struct {
	head    head
	entries int // of all blocks
	graves  []byte
	columns []byte
	data    []byte
	packs   []state.Pack // of each block

	read [][]state.Entry // the blocks that were read
	err  error
}

// openLayout2 reads the head of a value whose checksum is right.
func openLayout2(key string, value []byte) (*View, error) {
	if value[3] != 0 {
		return nil, fmt.Errorf("%w: byte 3", ErrCorrupt)
	}
	r := reader{b: value[headLen:]}
	h, err := r.head(key)
	if err != nil {
		return nil, err
	}
	v := &View{head: h, packs: make([]state.Pack, len(h.blocks))}
	v.graves = r.take(r.count(1))
	var columns, stored, data int
	for _, b := range h.blocks {
		v.entries += b.entries
		columns += b.columns
		stored += b.stored
		data += b.data
	}
	v.columns = r.take(columns)
	v.data = r.take(stored)
	if r.err == nil && (len(r.b) > 0 || columns+data > maxBody) {
		r.fail("size")
	}
	return v, r.err
}

// all appends the live entries to entries.
func (v *View) all(entries []state.Entry) ([]state.Entry, error) {
	if v.entries == 0 {
		return entries, nil
	}
	ids := spelled{b: make([]byte, 0, 16*v.entries), ends: make([]int32, 0, v.entries)}
	start := len(entries)
	entries = append(entries, make([]state.Entry, v.entries)...)
	at, columns, data := start, 0, 0
	for i := range v.head.blocks {
		b := &v.head.blocks[i]
		if err := v.block(i, columns, data, entries[at:at+b.entries], &ids); err != nil {
			return nil, err
		}
		at, columns, data = at+b.entries, columns+b.columns, data+b.stored
	}
	ids.each(func(i int, id string) { entries[start+i].ID = id })
	return entries, nil
}

// block reads a block, whose columns and data begin at these places, into
// entries.
func (v *View) block(i, columns, data int, entries []state.Entry, ids *spelled) error {
	b, pack := &v.head.blocks[i], &v.packs[i]
	pack.Store(v.data[data:data+b.stored:data+b.stored], b.data, unpackData)
	r := reader{b: v.columns[columns : columns+b.columns]}
	r.columns(&v.head, b, pack, entries, ids)
	return r.err
}

// Open returns a view of a value, if it can be read in parts: otherwise Decode
// says what it is, or why it is none.
func Open(key string, value []byte) (*View, bool) {
	if check(value) != nil || value[2] != 2 {
		return nil, false
	}
	v, err := openLayout2(key, value)
	if err != nil || v.head.shared {
		return nil, false
	}
	v.read = make([][]state.Entry, len(v.head.blocks))
	return v, true
}

// Len returns how many items there are.
func (v *View) Len() int { return v.entries }

// Err returns why an entry could not be read, if one could not.
func (v *View) Err() error { return v.err }

// At returns the entry at a place, the latest being at 0.
func (v *View) At(i int) *state.Entry {
	columns, data := 0, 0
	for n := range v.head.blocks {
		b := &v.head.blocks[n]
		if i < b.entries {
			if v.read[n] == nil {
				v.readBlock(n, columns, data)
			}
			return &v.read[n][i]
		}
		i, columns, data = i-b.entries, columns+b.columns, data+b.stored
	}
	panic("wire: View.At: out of range")
}

func (v *View) readBlock(n, columns, data int) {
	entries := make([]state.Entry, v.head.blocks[n].entries)
	ids := spelled{ends: make([]int32, 0, len(entries))}
	if err := v.block(n, columns, data, entries, &ids); err != nil {
		v.err = err
	} else {
		ids.each(func(i int, id string) { entries[i].ID = id })
	}
	v.read[n] = entries
}
