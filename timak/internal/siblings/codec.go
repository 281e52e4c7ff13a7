package siblings

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// A stored record is
//
//	 0        1          5
//	+--------+----------+---------------------+----------+-----
//	| format | CRC-32C  | sequence - previous | length   | value …
//	+--------+----------+---------------------+----------+-----
//	                     one of these for each sibling, to the end
//
// with the checksum in big-endian order and the two numbers of a sibling as
// unsigned varints. The checksum covers what follows it and the key, so that a
// record stored under the wrong key is detected.
//
// The format is 2. It was 1 before stores kept additions apart: a program of that time must
// not take a record for all that there is.
const (
	oldFormat = 1
	format    = 2
	headerLen = 1 + crc32.Size
)

// MayBeAddedTo reports whether an encoded record says that there may be additions to it.
func MayBeAddedTo(record []byte) bool { return len(record) >= headerLen && record[0] == format }

// Encode returns the record as bytes for Decode. It panics for the record of an
// absent key, which has no encoding: a store never writes one.
func (r Record) Encode() []byte {
	if len(r.siblings) == 0 {
		panic("siblings: encode: record is absent")
	}
	b := make([]byte, headerLen, r.sizeBound())
	b[0] = format
	previous := uint64(0)
	for _, s := range r.siblings {
		b = binary.AppendUvarint(b, s.seq-previous)
		b = binary.AppendUvarint(b, uint64(len(s.value)))
		b = append(b, s.value...)
		previous = s.seq
	}
	binary.BigEndian.PutUint32(b[1:], checksum(r.key, b[headerLen:]))
	return b
}

// sizeBound is an upper bound for the length of the encoded record.
func (r Record) sizeBound() int {
	n := headerLen
	for _, s := range r.siblings {
		n += 2*binary.MaxVarintLen64 + len(s.value)
	}
	return n
}

// Decode reads the record that Encode wrote for key. The record's values are parts
// of b, which must not change while the record is in use. Any damage to b is an
// error.
func Decode(key string, b []byte) (Record, error) {
	if len(b) < headerLen {
		return Record{}, fmt.Errorf("record of %d bytes is too short", len(b))
	}
	if b[0] != format && b[0] != oldFormat {
		return Record{}, fmt.Errorf("record has format %d, want %d or %d", b[0], oldFormat, format)
	}
	body := b[headerLen:]
	if binary.BigEndian.Uint32(b[1:]) != checksum(key, body) {
		return Record{}, errors.New("record does not match its checksum")
	}
	siblings, err := decodeSiblings(body)
	if err != nil {
		return Record{}, err
	}
	return Record{key: key, siblings: siblings}, nil
}

func decodeSiblings(b []byte) ([]sibling, error) {
	if len(b) == 0 {
		return nil, errors.New("record holds no sibling")
	}
	var all []sibling
	for previous := uint64(0); len(b) > 0; {
		next, rest, err := decodeSibling(b, previous)
		if err != nil {
			return nil, fmt.Errorf("record, sibling %d: %w", len(all)+1, err)
		}
		all = append(all, next)
		previous, b = next.seq, rest
	}
	return all, nil
}

// decodeSibling reads one sibling and returns it with the remaining bytes.
func decodeSibling(b []byte, previous uint64) (sibling, []byte, error) {
	step, n := binary.Uvarint(b)
	if n <= 0 || step == 0 || step >= math.MaxUint64-previous {
		return sibling{}, nil, errors.New("bad sequence number")
	}
	b = b[n:]
	length, n := binary.Uvarint(b)
	if n <= 0 || length > uint64(len(b)-n) {
		return sibling{}, nil, errors.New("bad length")
	}
	b = b[n:]
	return sibling{seq: previous + step, value: b[:length:length]}, b[length:], nil
}
