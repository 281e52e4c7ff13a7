package wire

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
)

// Layout 3. All numbers are varints (u: unsigned; s: signed, zigzag), a text is
// its length (u) and its bytes, a sum is a CRC-32C, 4 bytes, little endian. At offset
// 4 is the sum of everything from offset 8 to the end of the head.
//
//	head      u length, and the head:
//	  base      the name of the value that this one is an addition to, 8 bytes; only
//	            if byte 3 is 1
//	  key       text
//	  horizon   s
//	  flags     u, the sum of: 1 if an item has several live entries; 2 or 4 if
//	            there is a floor, of the order NewestFirst or OldestFirst; 8 if moments
//	            follow
//	  floor     place, as date s and id text; only if there is one
//	  moments   the state's, and that of the floor's drop if there is a floor; then u count
//	            of other drops, only if there is a floor; those; u count of heals; those;
//	            all this only if the flags say so. A moment is u, from 1, and 0 if it is
//	            unknown; a drop or a heal is its order u, its place and its moment
//	  names     u count; texts: what ids begin with
//	  sources   u count; texts
//	  blocks    u count; of each: entries u, bytes of its columns u, bytes of its
//	            data as stored u and unpacked u, date of its first entry s, less that
//	            of the block before, sum of its columns and data
//	  graves    u length; sum
//	blocks    of each: its columns, as columns.go says, and its data: that of its
//	          entries, one after the other, as it is or, if that is shorter,
//	          compressed by zstd
//	graves    what graves.go says
//
// Live entries are in the order of state.State, the latest first, so that the first
// page needs only the beginning of a value. A block's data may end with that of
// entries that fell off the timeline's end.

const layout = 3

// Encode returns the stored value of the timeline under key, or driver.ErrTooLarge
// for a value that Decode would not accept.
func Encode(key string, s *state.State, compress bool) ([]byte, error) {
	return encode(key, &Excerpt{State: *s}, nil, compress)
}

// encode writes an excerpt; base names the value that it is an addition to, if any.
func encode(key string, x *Excerpt, base *Name, compress bool) ([]byte, error) {
	s := &x.State
	if max(len(s.Drops), len(s.Heals)) > mostPlaces {
		folded := s.Clone()
		folded.Fold()
		s.Drops, s.Heals = folded.Drops, folded.Heals
	}
	h := head{base: base, horizon: s.Horizon, shared: s.Shared(), moment: s.Moment, drops: s.Drops, heals: s.Heals}
	if x.Left > 0 {
		h.names, h.sources = x.view.head.names.copied(), x.view.head.sources.copied()
	}
	var fresh, graves writer
	fresh.b = make([]byte, 0, 16*len(s.Entries)) // mostly enough
	blocks := x.blocks()
	parts := make([]part, len(blocks))
	h.blocks = make([]blockHead, len(blocks))
	unpacked, stored := 0, 0
	for i := range blocks {
		var err error
		if h.blocks[i], parts[i], err = fresh.block(&h, &blocks[i], compress); err != nil {
			return nil, err
		}
		b := &h.blocks[i]
		unpacked, stored = unpacked+b.columns+b.data, stored+b.columns+b.stored
	}
	graves.graves(s, s.Dead())
	value := assemble(key, &h, parts, stored, graves.b)
	if size := max(len(value)-stored+unpacked, graves.unfolded+fresh.unfolded); size > maxBody {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", driver.ErrTooLarge, size, maxBody)
	}
	return value, nil
}

// part is a block as it is stored.
type part struct{ columns, data []byte }

func (p part) sum() uint32 { return crc32.Update(checksum(p.columns), castagnoli, p.data) }

// block returns the head's part of a block and its stored form. It encodes the
// columns unless they can be copied.
func (w *writer) block(h *head, b *block, compress bool) (blockHead, part, error) {
	if b.from != nil {
		said := b.from.head.blocks[b.place]
		p := b.from.part(&said)
		if b.pack {
			p.data = pack(p.data, compress)
			said.stored = len(p.data)
		}
		if b.pack || !b.from.summed {
			said.sum = p.sum()
		}
		return said, p, nil
	}
	packed, length, err := b.packed(compress)
	if err != nil {
		return blockHead{}, part{}, err
	}
	start := len(w.b)
	w.columnsOf(h, b.entries)
	p := part{columns: w.b[start:len(w.b):len(w.b)], data: packed}
	said := blockHead{entries: len(b.entries), columns: len(p.columns), stored: len(packed), data: length, date: b.entries[0].Date, sum: p.sum()}
	return said, p, nil
}

// assemble returns a value. stored is the length of all parts.
func assemble(key string, h *head, parts []part, stored int, graves []byte) []byte {
	var said writer
	said.b = make([]byte, 0, len(key)+64+24*len(parts))
	if h.base != nil {
		said.b = append(said.b, h.base[:]...)
	}
	said.head(key, h)
	said.unsigned(uint64(len(graves)))
	said.b = binary.LittleEndian.AppendUint32(said.b, checksum(graves))
	value := make([]byte, headLen, headLen+binary.MaxVarintLen32+len(said.b)+stored+len(graves))
	value = binary.AppendUvarint(value, uint64(len(said.b)))
	value = append(value, said.b...)
	copy(value, magic)
	value[2] = layout
	if h.base != nil {
		value[3] = addition
	}
	binary.LittleEndian.PutUint32(value[4:], checksum(value[headLen:]))
	for i := range parts {
		value = append(append(value, parts[i].columns...), parts[i].data...)
	}
	return append(value, graves...)
}

// beginning returns how many bytes of a value the head ends at; 0 if the bytes at hand
// do not tell.
func beginning(value []byte) int {
	if len(value) < headLen {
		return 0
	}
	length, n := binary.Uvarint(value[headLen:])
	if n <= 0 || length > maxBody {
		return 0
	}
	return headLen + n + int(length)
}

// openLayout3 reads the head of a value, of which all bytes are at hand or those up to
// somewhere behind the head.
func openLayout3(key string, value []byte) (*View, error) {
	end := beginning(value)
	switch {
	case value[3] > addition:
		return nil, fmt.Errorf("%w: byte 3", ErrCorrupt)
	case end == 0 || end > len(value):
		return nil, fmt.Errorf("%w: short", ErrCorrupt)
	case binary.LittleEndian.Uint32(value[4:]) != checksum(value[headLen:end]):
		return nil, fmt.Errorf("%w: checksum of the head", ErrCorrupt)
	}
	r := reader{b: value[headLen:end]}
	r.unsigned() // the length
	base := r.base(value[3] == addition)
	h, err := r.head(key, true)
	if err != nil {
		return nil, err
	}
	h.base = base
	v := &View{head: h, summed: true, bodyAt: end, body: value[end:]}
	graves := r.length()
	v.gravesSum = r.sum()
	if len(r.b) > 0 {
		r.fail("bytes left over in the head")
	}
	if v.lay(); v.unpacked > maxBody-graves {
		return nil, fmt.Errorf("%w: size", ErrCorrupt)
	}
	at := 0
	for i := range h.blocks {
		b := &h.blocks[i]
		b.columnsAt, b.storedAt = at, at+b.columns
		at += b.columns + b.stored
	}
	if v.size = at + graves; r.err == nil && v.size == len(v.body) {
		v.graves = v.body[at:]
	}
	return v, r.err
}
