package wire

import (
	"fmt"

	"github.com/timak-go/timak/timak/internal/state"
)

// View is a stored value that is read in parts: at first only the head is decoded.
// It belongs to one goroutine at a time.
type View struct {
	head    head
	entries int // of all blocks
	graves  []byte
	columns []byte
	data    []byte
	packs   []state.Pack // of each block

	read [][]state.Entry // the blocks, set by At; nil for blocks not read yet
	err  error
}

// openLayout2 reads the head of a value whose checksum was verified.
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
	for i := range h.blocks {
		b := &h.blocks[i]
		b.columnsAt, b.storedAt = columns, stored
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

// all returns the live entries, with capacity for one more.
func (v *View) all() ([]state.Entry, error) {
	if v.entries == 0 {
		return nil, nil
	}
	ids := spelled{b: make([]byte, 0, 16*v.entries), ends: make([]int32, 0, v.entries)}
	entries := make([]state.Entry, v.entries, v.entries+1)
	at := 0
	for i := range v.head.blocks {
		next := at + v.head.blocks[i].entries
		if err := v.block(i, entries[at:next], &ids); err != nil {
			return nil, err
		}
		at = next
	}
	ids.each(func(i int, id string) { entries[i].ID = id })
	return entries, nil
}

// block reads a block into entries; the ids go to ids.
func (v *View) block(i int, entries []state.Entry, ids *spelled) error {
	b, pack := &v.head.blocks[i], &v.packs[i]
	pack.Store(v.dataOf(b), b.data, unpackData)
	r := reader{b: v.columnsOf(b)}
	r.columns(&v.head, b, pack, entries, ids)
	return r.err
}

func (v *View) columnsOf(b *blockHead) []byte {
	return v.columns[b.columnsAt : b.columnsAt+b.columns]
}

func (v *View) dataOf(b *blockHead) []byte {
	return v.data[b.storedAt : b.storedAt+b.stored : b.storedAt+b.stored]
}

// Open returns a view of a value that can be read in parts. For others Decode
// returns the state, or why the value is damaged.
func Open(key string, value []byte) (*View, bool) {
	if check(value) != nil || value[2] != 2 {
		return nil, false
	}
	v, err := openLayout2(key, value)
	if err != nil || v.head.shared {
		return nil, false
	}
	return v, true
}

// Len returns the number of items.
func (v *View) Len() int { return v.entries }

// Floor returns the timeline's floor.
func (v *View) Floor() state.Floor { return v.head.floor }

// Err returns why an entry could not be read; nil if all could.
func (v *View) Err() error { return v.err }

// At returns the entry at index i; the latest is at 0.
func (v *View) At(i int) *state.Entry {
	if v.read == nil {
		v.read = make([][]state.Entry, len(v.head.blocks))
	}
	for n := range v.head.blocks {
		b := &v.head.blocks[n]
		if i < b.entries {
			if v.read[n] == nil {
				v.readBlock(n)
			}
			return &v.read[n][i]
		}
		i -= b.entries
	}
	panic("wire: View.At: out of range")
}

func (v *View) readBlock(n int) {
	entries := make([]state.Entry, v.head.blocks[n].entries)
	if err := v.blockAlone(n, entries); err != nil {
		v.err = err
	}
	v.read[n] = entries
}

// blockAlone reads a block into entries, with their ids.
func (v *View) blockAlone(i int, entries []state.Entry) error {
	ids := spelled{b: make([]byte, 0, 16*len(entries)), ends: make([]int32, 0, len(entries))}
	if err := v.block(i, entries, &ids); err != nil {
		return err
	}
	ids.each(func(i int, id string) { entries[i].ID = id })
	return nil
}
