package wire

import (
	"fmt"

	"github.com/timak-go/timak/timak/internal/state"
)

// View is a stored value that is read in parts: at first only the head is decoded.
// It belongs to one goroutine at a time.
type View struct {
	head     head
	summed   bool // each block and the graves have checksums of their own
	entries  int  // of all blocks
	unpacked int  // bytes of all blocks

	body      []byte // what blocks are in; in layout 3 all that follows the head, or the beginning of that
	bodyAt    int    // where it is in the value
	size      int    // of the whole body
	graves    []byte
	gravesSum uint32

	packs []state.Pack    // of each block
	read  [][]state.Entry // the blocks, set by At; nil for blocks not read yet
	err   error
}

// openWhole returns a view of a value of layout 2 or 3.
func openWhole(key string, value []byte) (*View, error) {
	if value[2] == 2 {
		if err := check(value); err != nil {
			return nil, err
		}
		return openLayout2(key, value)
	}
	v, err := openLayout3(key, value)
	if err == nil && v.size != len(v.body) {
		err = fmt.Errorf("%w: size", ErrCorrupt)
	}
	return v, err
}

// lay counts the blocks' entries and bytes, and returns how long all columns and all
// data are as stored.
func (v *View) lay() (columns, stored int) {
	v.packs = make([]state.Pack, len(v.head.blocks))
	data := 0
	for i := range v.head.blocks {
		b := &v.head.blocks[i]
		v.entries += b.entries
		columns += b.columns
		stored += b.stored
		data += b.data
		if v.unpacked = columns + data; v.unpacked > maxBody { // before sums overflow
			break
		}
	}
	return columns, stored
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
	if !v.intact(b) {
		return fmt.Errorf("%w: checksum of block %d", ErrCorrupt, i)
	}
	pack.Store(v.dataOf(b), b.data, unpackData)
	r := reader{b: v.columnsOf(b)}
	r.columns(&v.head, b, pack, entries, ids)
	return r.err
}

func (v *View) columnsOf(b *blockHead) []byte {
	return v.body[b.columnsAt : b.columnsAt+b.columns]
}

func (v *View) dataOf(b *blockHead) []byte {
	return v.body[b.storedAt : b.storedAt+b.stored : b.storedAt+b.stored]
}

func (v *View) part(b *blockHead) part { return part{v.columnsOf(b), v.dataOf(b)} }

// atHand reports whether a block is in the bytes at hand.
func (v *View) atHand(b *blockHead) bool { return b.storedAt+b.stored <= len(v.body) }

// intact reports whether a block is at hand and has its checksum.
func (v *View) intact(b *blockHead) bool {
	return v.atHand(b) && (!v.summed || v.part(b).sum() == b.sum)
}

// allIntact reports whether all blocks have their checksums.
func (v *View) allIntact() bool {
	for i := range v.head.blocks {
		if !v.intact(&v.head.blocks[i]) {
			return false
		}
	}
	return true
}

// readGraves reads the tombstones into a state that has its live entries. blocks is the
// view to name places by, nil if the state has only some of its entries.
func (v *View) readGraves(s state.State, blocks *View) (state.State, error) {
	if v.summed && checksum(v.graves) != v.gravesSum {
		return state.State{}, fmt.Errorf("%w: checksum of the tombstones", ErrCorrupt)
	}
	r := reader{b: v.graves}
	r.graves(&s)
	if blocks != nil && r.err == nil && !v.head.shared && s.Shared() {
		r.fail("shared")
	}
	return r.finish(s, blocks)
}

// decode returns the state; live reads its live entries.
func (v *View) decode(live func() ([]state.Entry, error)) (state.State, error) {
	entries, err := live()
	if err != nil {
		return state.State{}, err
	}
	return v.readGraves(v.head.state(entries), v)
}

// Open returns a view of a value that can be read in parts. For others Decode
// returns the state, or why the value is damaged. Parts are checked when they are read.
func Open(key string, value []byte) (*View, bool) {
	if !isBlocks(value) {
		return nil, false
	}
	v, err := openWhole(key, value)
	if err != nil || v.head.shared {
		return nil, false
	}
	return v, true
}

// isBlocks reports whether a value has a layout of blocks.
func isBlocks(value []byte) bool { return hasMagic(value) && (value[2] == 2 || value[2] == 3) }

// OpenFront returns a view of the beginning of a value, to read the items that it begins
// with: the latest. If the bytes at hand are too few, the view is nil, and need is how
// many will do, or a guess that is larger than before; 0 if the value must be read as a
// whole.
func OpenFront(key string, front []byte, items int) (v *View, need int) {
	if !hasMagic(front) || front[2] != 3 {
		return nil, 0
	}
	if need = beginning(front); need > len(front) {
		return nil, need + len(front)
	}
	v, err := openLayout3(key, front)
	if err != nil || v.head.shared {
		return nil, 0
	}
	if need = v.need(items); need > len(front) {
		return nil, need
	}
	return v, need
}

// need returns how many bytes of the value hold its first items.
func (v *View) need(items int) int {
	end := 0
	for i := 0; i < len(v.head.blocks) && items > 0; i++ {
		b := &v.head.blocks[i]
		items -= b.entries
		end = b.storedAt + b.stored
	}
	return v.bodyAt + end
}

// Len returns the number of items.
func (v *View) Len() int { return v.entries }

// Floor returns the timeline's floor.
func (v *View) Floor() state.Floor {
	s := state.State{Drops: v.head.drops}
	return s.Floor()
}

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
			if v.read[n] == nil {
				return &state.Entry{}
			}
			return &v.read[n][i]
		}
		i -= b.entries
	}
	panic("wire: View.At: out of range")
}

// Find returns the indexes of some items, which it looks for without reading most blocks.
func (v *View) Find(ids map[string]bool) (found []int) {
	changes := make([]Change, 0, len(ids))
	for id := range ids {
		changes = append(changes, Change{ID: id})
	}
	wanted, first := v.head.wanted(changes), 0
	for n := range v.head.blocks {
		b := &v.head.blocks[n]
		if v.names(n, wanted) {
			for i := first; i < first+b.entries; i++ {
				if ids[v.At(i).ID] {
					found = append(found, i)
				}
			}
		}
		first += b.entries
	}
	return found
}

// readBlock reads a block, unless it is not at hand or damaged.
func (v *View) readBlock(n int) {
	b := &v.head.blocks[n]
	if !v.atHand(b) {
		v.err = fmt.Errorf("%w: block %d is cut off", ErrCorrupt, n)
		return
	}
	entries := make([]state.Entry, b.entries)
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
