// Package wire encodes and decodes the stored value of a timeline: bytes that carry
// their version, their checksum and the key they belong to.
//
//	offset  bytes  what
//	0       2      "tk"
//	2       1      version of the layout, 3
//	3       1      1 for an addition: addition.go; 0 for any other value
//	4       4      CRC-32C of everything from offset 8, little endian; in layout 3, of the head
//	8       …      the layout's own: layout3.go
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/timak-go/timak/timak/internal/state"
)

// ErrCorrupt is returned for bytes that are not a stored value, are damaged, or
// belong to another key.
var ErrCorrupt = errors.New("stored value is damaged")

const (
	magic   = "tk"
	headLen = 8

	// maxBody bounds the unpacked size of a value, and the total size of its
	// unfolded names, and so what a damaged value can make us allocate. Riak
	// refuses objects over 50 MB.
	maxBody = 64 << 20
)

// Decode returns the timeline that value holds. Its data shares memory with value
// or with its unpacked form. Decode returns ErrCorrupt, and never panics, for
// anything that was written neither by Encode for this key nor by the ancestor.
// Data that cannot be unpacked is reported as ErrCorrupt when it is first needed.
func Decode(key string, value []byte) (state.State, error) {
	if isAncestor(value) {
		return decodeAncestor(value)
	}
	if !hasMagic(value) {
		return state.State{}, fmt.Errorf("%w: no timeline in %d bytes", ErrCorrupt, len(value))
	}
	switch value[2] {
	case 1:
		return decodeLayout1(key, value)
	case 2, 3:
		v, err := openWhole(key, value)
		if err != nil {
			return state.State{}, err
		}
		return v.decode(v.all)
	default:
		return state.State{}, fmt.Errorf("%w: layout %d is unknown", ErrCorrupt, value[2])
	}
}

func hasMagic(value []byte) bool { return len(value) >= headLen && string(value[:2]) == magic }

// check verifies the checksum of a value of layout 1 or 2.
func check(value []byte) error {
	if binary.LittleEndian.Uint32(value[4:]) != checksum(value[headLen:]) {
		return fmt.Errorf("%w: checksum differs", ErrCorrupt)
	}
	return nil
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
