package siblings

import "encoding/binary"

// Front returns the first bytes of the value in an encoded record, without a look at its
// checksum. ok is false unless the record has one sibling, which is longer than that, as
// far as its lengths tell.
func Front(record []byte, length int) (front []byte, ok bool) {
	if len(record) < headerLen || record[0] != format && record[0] != oldFormat {
		return nil, false
	}
	rest := record[headerLen:]
	_, n := binary.Uvarint(rest)
	if n <= 0 {
		return nil, false
	}
	rest = rest[n:]
	size, n := binary.Uvarint(rest)
	if n <= 0 || size != uint64(len(rest)-n) || len(rest)-n <= length {
		return nil, false
	}
	return rest[n : n+length : n+length], true
}
