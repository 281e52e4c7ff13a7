package wire

import (
	"encoding/binary"

	"github.com/timak-go/timak/timak/internal/state"
)

// FixSums sets the checksums of a value that was tampered with, wherever its head says
// that there are parts.
func FixSums(value []byte) {
	end := beginning(value)
	if value[2] != layout || end == 0 || end > len(value) {
		end = len(value)
	} else {
		fixParts(value, end)
	}
	binary.LittleEndian.PutUint32(value[4:], checksum(value[headLen:end]))
}

func fixParts(value []byte, end int) {
	r := reader{b: value[headLen:end]}
	r.unsigned()
	r.base(value[3] == addition)
	start := end - len(r.b)
	text := reader{b: r.b}
	key := text.text()
	h, _ := r.head(key, true)
	graves := r.length()
	r.sum()
	if r.err != nil || len(r.b) > 0 {
		return
	}
	var w writer
	body := reader{b: value[end:]}
	for i := range h.blocks {
		h.blocks[i].sum = checksum(body.take(h.blocks[i].columns + h.blocks[i].stored))
	}
	w.head(key, &h)
	w.unsigned(uint64(graves))
	w.b = binary.LittleEndian.AppendUint32(w.b, checksum(body.b))
	if len(w.b) == end-start {
		copy(value[start:], w.b)
	}
}

// WithGraves returns the value of an empty timeline with these tombstones.
func WithGraves(key string, graves []byte) []byte {
	return assemble(key, &head{}, nil, 0, graves)
}

// Blocks counts the entries in blocks behind the front that are not compressed, and the
// blocks.
func Blocks(key string, value []byte) (plain, blocks int) {
	v, _ := Open(key, value)
	for i := range v.head.blocks {
		if b := &v.head.blocks[i]; b.plain() && !v.inFront(i) {
			plain += b.entries
		}
	}
	return plain, len(v.head.blocks)
}

// EncodeUnfolded encodes a state without entries, whatever the number of its drops and heals.
func EncodeUnfolded(key string, s state.State) []byte {
	var graves writer
	graves.graves(&s, nil)
	return assemble(key, &head{moment: s.Moment, drops: s.Drops, heals: s.Heals}, nil, 0, graves.b)
}

// BodyAt returns where the head of the viewed value ends.
func (v *View) BodyAt() int { return v.bodyAt }
