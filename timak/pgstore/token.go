package pgstore

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/timak-go/timak/timak/driver"
)

// A dot identifies a put: a random number, drawn by its writer. Numbers from a
// sequence would repeat after a failover to a late replica, or when a backup is
// restored. A token from before could then cover a value that its reader never saw.
type dot = int64

func newDot() dot {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return dot(binary.BigEndian.Uint64(b[:]))
}

// A token is
//
//	 0       1               9                    4 bytes
//	+-------+---------------+---------------+----+------------+
//	| 0x70  | dot seen      | dot seen      | …  | CRC-32C    |
//	+-------+---------------+---------------+----+------------+
//
// with big-endian numbers. The checksum covers what precedes it and the key, so that
// a token of another key, or of another kind of store, is detected.
const (
	tokenMark = 0x70
	dotSize   = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tokenOf returns the token that covers the siblings with these dots.
func tokenOf(key string, dots []dot) driver.Token {
	t := make(driver.Token, 0, 1+len(dots)*dotSize+crc32.Size)
	t = append(t, tokenMark)
	for _, d := range dots {
		t = binary.BigEndian.AppendUint64(t, uint64(d))
	}
	return binary.BigEndian.AppendUint32(t, checksum(key, t))
}

// parseToken returns the dots of the siblings that a token covers. It is not nil, as
// an array of SQL must not be NULL.
func parseToken(key string, t driver.Token) ([]dot, error) {
	dots := []dot{}
	if len(t) == 0 {
		return dots, nil
	}
	end := len(t) - crc32.Size
	if t[0] != tokenMark || end <= 1 || (end-1)%dotSize != 0 {
		return nil, fmt.Errorf("%w: %d bytes of another kind", driver.ErrToken, len(t))
	}
	if binary.BigEndian.Uint32(t[end:]) != checksum(key, t[:end]) {
		return nil, fmt.Errorf("%w: it is damaged or belongs to another key", driver.ErrToken)
	}
	for at := 1; at < end; at += dotSize {
		dots = append(dots, dot(binary.BigEndian.Uint64(t[at:])))
	}
	return dots, nil
}

// checksum is the CRC-32C of data and key.
func checksum(key string, data []byte) uint32 {
	return crc32.Update(crc32.Checksum(data, castagnoli), castagnoli, []byte(key))
}
