package wire

import "fmt"

// Layout 2 was written before the first release and is only read. It has what layout 3
// has, with one checksum for all, and in another order: the head, without checksums;
// the length of the graves (u); the graves; the columns of all blocks; the data of all
// blocks. Byte 3 is 0.

// openLayout2 reads the head of a value whose checksum was verified.
func openLayout2(key string, value []byte) (*View, error) {
	if value[3] != 0 {
		return nil, fmt.Errorf("%w: byte 3", ErrCorrupt)
	}
	r := reader{b: value[headLen:]}
	h, err := r.head(key, false)
	if err != nil {
		return nil, err
	}
	v := &View{head: h}
	v.graves = r.take(r.count(1))
	v.body = r.b
	columns, stored := v.lay()
	for i, at, dataAt := 0, 0, columns; i < len(h.blocks); i++ {
		b := &h.blocks[i]
		b.columnsAt, b.storedAt = at, dataAt
		at, dataAt = at+b.columns, dataAt+b.stored
	}
	if r.err == nil && (len(r.b) != columns+stored || v.unpacked > maxBody) {
		r.fail("size")
	}
	return v, r.err
}
