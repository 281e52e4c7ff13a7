// Package wire is the stored value of a timeline: bytes that carry their
// version, their checksum and the key they belong to.
//
//	offset  bytes  what
//	0       2      "tk"
//	2       1      version of the layout, 1
//	3       1      how the body is packed: 0 as it is, 1 zstd
//	4       4      CRC-32C of everything from offset 8, little endian
//	8       n      uvarint: length of the unpacked body
//	8+n     …      the body
//
// The body is described in body.go.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
)

// ErrCorrupt is returned for bytes that are not a stored value, or are damaged,
// or belong to another key.
var ErrCorrupt = errors.New("stored value is damaged")

const (
	magic      = "tk"
	version    = 1
	packedNot  = 0
	packedZstd = 1
	headLen    = 8

	// maxBody bounds a body, and all names of one together when they are
	// unfolded, and so what a damaged value can make us allocate. Riak refuses
	// objects over 50 MB.
	maxBody = 64 << 20
)

// Encode returns the stored value of the timeline under key, or
// driver.ErrTooLarge for one that Decode would not take back.
func Encode(key string, s *state.State, compress bool) ([]byte, error) {
	var w writer
	w.body(key, s)
	if body := max(len(w.b), w.unfolded); body > maxBody {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", driver.ErrTooLarge, body, maxBody)
	}
	return frame(w.b, compress), nil
}

// frame puts the head before a body.
func frame(body []byte, compress bool) []byte {
	out := make([]byte, headLen, headLen+binary.MaxVarintLen64+len(body))
	copy(out, magic)
	out[2] = version
	out = binary.AppendUvarint(out, uint64(len(body)))
	out, how := pack(out, body, compress)
	out[3] = how
	binary.LittleEndian.PutUint32(out[4:], checksum(out[headLen:]))
	return out
}

// Decode returns the timeline that value holds. Data in it shares memory with
// value or with its unpacked form. It returns ErrCorrupt, and never panics, for
// anything that neither Encode has made for this key nor the ancestor.
func Decode(key string, value []byte) (state.State, error) {
	if isAncestor(value) {
		return decodeAncestor(value)
	}
	body, err := unframe(value)
	if err != nil {
		return state.State{}, err
	}
	return readBody(body, key)
}

// unframe checks the head and the checksum and returns the unpacked body.
func unframe(value []byte) ([]byte, error) {
	if len(value) < headLen || string(value[:2]) != magic {
		return nil, fmt.Errorf("%w: no timeline in %d bytes", ErrCorrupt, len(value))
	}
	if value[2] != version {
		return nil, fmt.Errorf("%w: layout %d is unknown", ErrCorrupt, value[2])
	}
	packed := value[headLen:]
	if binary.LittleEndian.Uint32(value[4:]) != checksum(packed) {
		return nil, fmt.Errorf("%w: checksum differs", ErrCorrupt)
	}
	length, n := binary.Uvarint(packed)
	if n <= 0 || length > maxBody {
		return nil, fmt.Errorf("%w: length", ErrCorrupt)
	}
	return unpack(packed[n:], value[3], int(length))
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
