package timak

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/timak-go/timak/timak/internal/state"
)

// cursor names a place between two items, just before or just after a position, and
// the direction to read in. It names a position rather than an item or an index, so
// it stays valid while items come, go and fall off the end.
//
// Its text is base64url of
//
//	1 byte    bit 0: the place is before the position; bit 1: reads backward
//	8 bytes   date, big endian
//	n bytes   id
//	8 bytes   SHA-256 of order, keys and all of the above, cut short
type cursor struct {
	at       state.Position
	before   bool
	backward bool
}

// The bits of a cursor's first byte.
const (
	cursorBefore   = 1
	cursorBackward = 2
)

const (
	cursorHead  = 1 + 8
	cursorCheck = 8
	cursorMax   = cursorHead + MaxIDLen + cursorCheck
)

// scope is what a cursor belongs to: an order and a set of keys.
type scope struct {
	order state.Order
	name  []byte // encodes both; part of every cursor's check
}

func newScope(order state.Order, keys []string) scope {
	if len(keys) > 1 {
		keys = slices.Sorted(slices.Values(keys))
	}
	return scope{order, fmt.Appendf(nil, "timak cursor %d %q ", order, keys)}
}

func (c cursor) text(s scope) string {
	b := make([]byte, cursorHead, cursorHead+len(c.at.ID)+cursorCheck)
	if c.before {
		b[0] |= cursorBefore
	}
	if c.backward {
		b[0] |= cursorBackward
	}
	binary.BigEndian.PutUint64(b[1:], uint64(c.at.Date))
	b = append(b, c.at.ID...)
	return base64.RawURLEncoding.EncodeToString(append(b, s.check(b)...))
}

func parseCursor(text string, s scope) (cursor, error) {
	if len(text) > base64.RawURLEncoding.EncodedLen(cursorMax) {
		return cursor{}, fmt.Errorf("%w: %d bytes long", ErrBadCursor, len(text))
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) <= cursorHead+cursorCheck || strings.ContainsAny(text, "\r\n") { // base64 skips these
		return cursor{}, fmt.Errorf("%w: %q", ErrBadCursor, text)
	}
	b, check := b[:len(b)-cursorCheck], b[len(b)-cursorCheck:]
	if !bytes.Equal(s.check(b), check) || b[0] > cursorBefore|cursorBackward {
		return cursor{}, fmt.Errorf("%w: %q", ErrBadCursor, text)
	}
	return cursor{
		at:       state.Position{Date: int64(binary.BigEndian.Uint64(b[1:])), ID: string(b[cursorHead:])},
		before:   b[0]&cursorBefore != 0,
		backward: b[0]&cursorBackward != 0,
	}, nil
}

// check ties the bytes of a cursor to its scope. It detects damage and mix-ups. It
// is not a secret: a forged cursor only names a place to read from.
func (s scope) check(b []byte) []byte {
	sum := sha256.Sum256(append(slices.Clip(s.name), b...))
	return sum[:cursorCheck]
}
