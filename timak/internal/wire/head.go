package wire

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/timak-go/timak/timak/internal/state"
)

// head is what is known of a value before its blocks are read.
type head struct {
	base    *Name // nil unless the value is an addition
	horizon int64
	shared  bool
	moment  int64
	drops   []state.Drop
	heals   []state.Heal
	names   dictionary
	sources dictionary
	blocks  []blockHead
}

// state returns what the head says of the timeline, with live entries.
func (h *head) state(live []state.Entry) state.State {
	return state.State{Horizon: h.horizon, Entries: live, Moment: h.moment, Drops: slices.Clone(h.drops), Heals: slices.Clone(h.heals)}
}

// blockHead is what the head says of a block.
type blockHead struct {
	entries, columns, stored, data int
	date                           int64
	sum                            uint32 // of its columns and its data as stored; layout 2 has none

	columnsAt, storedAt int // offsets in the value's body, set when it is read
}

// head writes all of the head but what it says of the graves.
func (w *writer) head(key string, h *head) {
	w.text(key)
	w.signed(h.horizon)
	w.floor(h)
	w.dictionary(&h.names)
	w.dictionary(&h.sources)
	w.unsigned(uint64(len(h.blocks)))
	var date int64
	for _, b := range h.blocks {
		w.unsigned(uint64(b.entries))
		w.unsigned(uint64(b.columns))
		w.unsigned(uint64(b.stored))
		w.unsigned(uint64(b.data))
		w.signed(b.date - date)
		w.b = binary.LittleEndian.AppendUint32(w.b, b.sum)
		date = b.date
	}
}

func (w *writer) dictionary(d *dictionary) {
	w.unsigned(uint64(len(d.texts)))
	for _, text := range d.texts {
		w.text(text)
	}
}

// The fewest bytes that a block takes in the head, without and with its checksum.
const (
	minBlock       = 5
	minSummedBlock = minBlock + sumLen
)

// head reads what writer.head writes. In layout 2 blocks have no checksums.
func (r *reader) head(key string, summed bool) (h head, err error) {
	if got := r.take(r.count(1)); r.err == nil && string(got) != key {
		return head{}, fmt.Errorf("%w: it belongs to key %q", ErrCorrupt, got)
	}
	h.horizon = r.signed()
	r.floor(&h)
	h.names.texts = r.texts(maxNames)
	h.sources.texts = r.texts(maxBody)
	least := minBlock
	if summed {
		least = minSummedBlock
	}
	h.blocks = make([]blockHead, r.count(least))
	var date int64
	for i := range h.blocks {
		date += r.lengthsAndDate(&h.blocks[i])
		h.blocks[i].date = date
		if summed {
			h.blocks[i].sum = r.sum()
		}
	}
	return h, r.err
}

// lengthsAndDate reads the four lengths of a block, and returns its date, less that
// of the block before.
func (r *reader) lengthsAndDate(b *blockHead) int64 {
	b.entries, b.columns, b.stored, b.data = r.length(), r.length(), r.length(), r.length()
	if b.entries == 0 || b.entries > b.columns || b.stored > b.data {
		r.fail("block")
	}
	return r.signed()
}

const sumLen = 4

// sum reads a checksum.
func (r *reader) sum() uint32 {
	if b := r.take(sumLen); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// length reads the length of something that does not follow directly.
func (r *reader) length() int {
	v := r.unsigned()
	if v > maxBody {
		r.fail("length")
		return 0
	}
	return int(v)
}

func (r *reader) flag() bool {
	v := r.unsigned()
	if v > 1 {
		r.fail("flag")
	}
	return v == 1
}

func (r *reader) texts(most int) []string {
	n := r.count(1)
	if n > most {
		r.fail("dictionary")
		return nil
	}
	texts := make([]string, n)
	for i := range texts {
		if texts[i] = r.text(); len(texts[i]) > maxName {
			r.fail("name")
		}
	}
	return texts
}
