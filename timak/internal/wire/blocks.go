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
	young   bool        // not to be compressed

	// Instead of all that, a block that was not decoded: the place-th of a view.
	from  *View
	place int
}

// The sizes of blocks. Larger blocks compress better, but cost more to make and to
// read a page from.
const (
	blockEntries = 32
	blockData    = 16 << 10
	// bareEntries is for entries that have no data.
	bareEntries = 128
	// The first block is not compressed while it is smaller, nor joined with a
	// compressed one: that would have to be redone for every new item, and saves
	// little.
	youngEntries = 8
	youngData    = 2 << 10
)

// divide splits consecutive live entries into blocks, and appends them.
func divide(blocks []block, live []state.Entry) []block {
	var d divider
	for start := 0; start < len(live); {
		r := runAt(live, start)
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

// runAt returns the run that begins at a place.
func runAt(live []state.Entry, start int) run {
	pack, from, at := live[start].Data.Place()
	if pack == nil {
		return run{start, start + bareRun(live[start:]), 0, nil}
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
func bareRun(live []state.Entry) int {
	n := slices.IndexFunc(live, func(e state.Entry) bool { return e.Data.Len() > 0 })
	if n < 0 {
		n = len(live)
	}
	return (n-1)%bareEntries + 1
}

// divider collects what is to be packed.
type divider struct {
	start, end int
	bytes      int
	kept       *state.Pack // of the only run collected, which is small
}

// take adds a run. Small runs are packed together with their neighbours.
func (d *divider) take(blocks []block, live []state.Entry, r run) []block {
	if !d.fits(r) || d.young(blocks) && isCompressed(r.pack) {
		blocks = d.flush(blocks, live)
	}
	if d.start == d.end {
		*d = divider{r.start, r.end, r.bytes, r.pack}
		return blocks
	}
	d.end, d.bytes, d.kept = r.end, d.bytes+r.bytes, nil
	return blocks
}

// young reports whether the collected entries are the first block and too small to
// be compressed.
func (d *divider) young(blocks []block) bool {
	return len(blocks) == 0 && d.end-d.start < youngEntries && 0 < d.bytes && d.bytes < youngData && !isCompressed(d.kept)
}

// isCompressed reports whether a pack, if not nil, is stored compressed.
func isCompressed(p *state.Pack) bool {
	if p == nil {
		return false
	}
	stored, length, _ := p.Stored()
	return len(stored) < length
}

func (d *divider) fits(r run) bool { return fits(r.end-d.start, d.bytes+r.bytes) }

// fits reports whether n entries with this many bytes of data fit into a block.
func fits(n, bytes int) bool {
	if bytes == 0 {
		return n <= bareEntries
	}
	return n <= blockEntries && bytes <= blockData
}

// flush makes a block of the collected entries.
func (d *divider) flush(blocks []block, live []state.Entry) []block {
	if d.start < d.end {
		blocks = append(blocks, block{entries: live[d.start:d.end], kept: d.kept, young: d.young(blocks)})
	}
	*d = divider{start: d.end, end: d.end}
	return blocks
}

// pack returns the data of a block as it is stored, and its unpacked length.
func (b *block) pack(compress bool) (stored []byte, length int, err error) {
	if b.kept != nil {
		stored, length, _ = b.kept.Stored()
		if compress || len(stored) == length {
			return stored, length, nil
		}
	}
	for i := range b.entries {
		length += b.entries[i].Data.Len()
	}
	if length == 0 {
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
	return pack(data, compress && !b.young), len(data), nil
}
