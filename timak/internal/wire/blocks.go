package wire

import (
	"slices"

	"github.com/timak-go/timak/timak/internal/state"
)

// A block is a run of live entries whose data is stored together. Adding an item
// rebuilds only its block; the others are copied as they were stored.
type block struct {
	entries []state.Entry
	kept    *state.Pack // the data as it was stored; nil if it has to be packed
	front   bool        // not to be compressed

	// Instead of all that, a block that was not decoded: the place-th of a view.
	from  *View
	place int
	pack  bool // its data is not compressed yet, and is to be
}

// The sizes of blocks. Larger blocks compress better, but cost more to make and to
// read a page from.
const (
	blockEntries = 48
	blockData    = 24 << 10
	// bareEntries is for entries that have no data.
	bareEntries = 128
)

// The front is what the first page reads: so many entries, unless they have more data.
// It is read and changed most. So its blocks are small, and new data in them is not
// compressed: it is once it has left the front.
const (
	frontEntries = 20 // a page of the default length
	frontData    = 16 << 10
	frontBlock   = 8
)

// front counts what comes before a block.
type front struct{ entries, data int }

// open reports whether the next block is in the front.
func (f front) open() bool { return f.entries < frontEntries && f.data < frontData }

// fits reports whether n entries with this many bytes of data fit into the next block.
func (f front) fits(n, bytes int) bool {
	switch {
	case f.open():
		return n <= frontBlock && bytes <= frontData
	case bytes == 0:
		return n <= f.bare()
	default:
		return n <= blockEntries && bytes <= blockData
	}
}

// bare returns how many entries without data fit into the next block.
func (f front) bare() int {
	if f.open() {
		return frontBlock
	}
	return bareEntries
}

// after returns what is in some blocks, as far as they are the front.
func after(blocks []block) (f front) {
	for i := 0; i < len(blocks) && f.open(); i++ {
		entries, data := blocks[i].size()
		f = front{f.entries + entries, f.data + data}
	}
	return f
}

// divide splits consecutive live entries into blocks, and appends them.
func divide(blocks []block, live []state.Entry) []block {
	var d divider
	for start := 0; start < len(live); {
		r := runAt(live, start, after(blocks).bare())
		blocks = d.take(blocks, live, r)
		start = r.end
	}
	return d.flush(blocks, live)
}

// run is a range of entries that may be stored as it was, or a single entry that
// may not.
type run struct {
	start, end int
	bytes      int
	pack       *state.Pack // nil if it has to be packed, or has no data
}

// runAt returns the run that begins at a place; bare is how many entries without data
// a block holds there.
func runAt(live []state.Entry, start, bare int) run {
	pack, from, at := live[start].Data.Place()
	if pack == nil {
		return run{start, start + bareRun(live[start:], bare), 0, nil}
	}
	single := run{start, start + 1, at - from, nil}
	_, length, ok := pack.Stored()
	if !ok || from != 0 {
		return single
	}
	end := start + 1
	for ; end < len(live) && at < length; end++ {
		next, nextFrom, nextTo := live[end].Data.Place()
		if next != nil && (next != pack || nextFrom != at) {
			break
		}
		if next != nil {
			at = nextTo
		}
	}
	if 2*at < length {
		return single // most of what is stored has fallen off
	}
	return run{start, end, at, pack}
}

// bareRun returns the length of the run of entries without data at the front: all
// of them, or as many as leave full blocks behind. New items mostly come at the
// front, so it is the front block that should have room.
func bareRun(live []state.Entry, size int) int {
	n := slices.IndexFunc(live, func(e state.Entry) bool { return e.Data.Len() > 0 })
	if n < 0 {
		n = len(live)
	}
	return (n-1)%size + 1
}

// divider collects what is to be packed.
type divider struct {
	start, end int
	bytes      int
	kept       *state.Pack // of the only run collected, which is small
}

// take adds a run. Small runs are packed together with their neighbours.
func (d *divider) take(blocks []block, live []state.Entry, r run) []block {
	if !after(blocks).fits(r.end-d.start, d.bytes+r.bytes) {
		blocks = d.flush(blocks, live)
	}
	if d.start == d.end {
		*d = divider{r.start, r.end, r.bytes, r.pack}
		return blocks
	}
	d.end, d.bytes, d.kept = r.end, d.bytes+r.bytes, nil
	return blocks
}

// flush makes a block of the collected entries.
func (d *divider) flush(blocks []block, live []state.Entry) []block {
	if d.start < d.end {
		blocks = append(blocks, block{entries: live[d.start:d.end], kept: d.kept})
	}
	*d = divider{start: d.end, end: d.end}
	return blocks
}

// settle marks the blocks of the front, and those that have left it and are to be
// compressed. A block that is copied leaves the front once, so data that does not shrink
// is not tried each time.
func settle(blocks []block) {
	var f front
	for i := range blocks {
		b := &blocks[i]
		entries, data := b.size()
		switch {
		case f.open():
			b.front = data <= frontData
		case b.from != nil:
			b.pack = b.from.inFront(b.place) && b.from.head.blocks[b.place].plain()
		case b.isPlain():
			b.kept = nil
		}
		f = front{f.entries + entries, f.data + data}
	}
}

// size returns how many entries a block has, and how many bytes of data.
func (b *block) size() (entries, data int) {
	if b.from != nil {
		said := &b.from.head.blocks[b.place]
		return said.entries, said.data
	}
	if b.kept != nil {
		_, data, _ = b.kept.Stored()
		return len(b.entries), data
	}
	return len(b.entries), lengthOf(b.entries)
}

func lengthOf(entries []state.Entry) (length int) {
	for i := range entries {
		length += entries[i].Data.Len()
	}
	return length
}

// isPlain reports whether the block is kept as it was stored, with data that is not
// compressed.
func (b *block) isPlain() bool {
	if b.kept == nil {
		return false
	}
	stored, length, _ := b.kept.Stored()
	return len(stored) == length
}

// plain reports whether a block has data that is not compressed.
func (b *blockHead) plain() bool { return b.data > 0 && b.stored == b.data }

// packed returns the data of a block as it is stored, and its unpacked length.
func (b *block) packed(compress bool) (stored []byte, length int, err error) {
	if b.kept != nil {
		stored, length, _ = b.kept.Stored()
		if compress || len(stored) == length {
			return stored, length, nil
		}
	}
	if length = lengthOf(b.entries); length == 0 {
		return nil, 0, nil
	}
	data := make([]byte, 0, length)
	for i := range b.entries {
		part, err := b.entries[i].Data.Bytes()
		if err != nil {
			return nil, 0, err
		}
		data = append(data, part...)
	}
	return pack(data, compress && !b.front), len(data), nil
}
