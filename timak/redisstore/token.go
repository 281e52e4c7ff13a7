package redisstore

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/timak-go/timak/timak/driver"
)

// A dot names one put among all puts of a key. It is drawn at random rather than
// counted: a counter would go back when a server loses what it has acknowledged, and
// a token from before the loss would then cover values that its writer never saw.
const dotLen = 12

func newDot() string {
	dot := make([]byte, dotLen)
	_, _ = rand.Read(dot) // never fails
	return string(dot)
}

// A token is
//
//	 0       1                                  1+12n        5+12n
//	+-------+----------------------------------+------------+
//	| 0x72  | dots of the siblings seen        | CRC-32C    |
//	+-------+----------------------------------+------------+
//
// with a big-endian checksum of what precedes it and the key, so that a token of
// another key, or of another kind of store, is detected.
const tokenMark = 0x72

func tokenOf(key string, dots ...string) driver.Token {
	t := make(driver.Token, 0, 1+len(dots)*dotLen+crc32.Size)
	t = append(t, tokenMark)
	for _, dot := range dots {
		t = append(t, dot...)
	}
	return binary.BigEndian.AppendUint32(t, checksum(key, t))
}

// dotsOf returns the dots that a token covers.
func dotsOf(key string, t driver.Token) ([]string, error) {
	if len(t) == 0 {
		return nil, nil
	}
	sum := len(t) - crc32.Size
	if sum < 1+dotLen || (sum-1)%dotLen != 0 || t[0] != tokenMark {
		return nil, fmt.Errorf("%w: %d bytes of another kind", driver.ErrToken, len(t))
	}
	if binary.BigEndian.Uint32(t[sum:]) != checksum(key, t[:sum]) {
		return nil, fmt.Errorf("%w: it is damaged or belongs to another key", driver.ErrToken)
	}
	var dots []string
	for t = t[1:sum]; len(t) > 0; t = t[dotLen:] {
		dots = append(dots, string(t[:dotLen]))
	}
	return dots, nil
}

// checksum is the CRC-32C of data and key.
func checksum(key string, data []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(data, table), table, []byte(key))
}
