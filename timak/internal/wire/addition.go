package wire

import (
	"crypto/sha256"

	"github.com/timak-go/timak/timak/internal/state"
)

// An addition is a value that says only what changes have added to another one, its base,
// and to the additions that were there already. It is a sibling like any other: what a key
// says is the merge of all siblings. But as it names its base, a reader of both knows
// that it says all of every item that it mentions:
//
//   - For each of its items it has all entries and the item's tombstone, as base and
//     additions together said them after the change.
//   - It has no horizon, no removed sources, no drops and no heals. What it does not
//     mention is as the base says.
//
// So the beginning of the base and all additions are enough for the first page. No addition
// takes data from the base: what removes or replaces data is written whole.
const addition = 1 // byte 3

// Name tells the values of a key apart: it is the beginning of the SHA-256 of all up to the end
// of the head, which has checksums of all that follows.
type Name [8]byte

// NameOf returns the name of a value, of which the beginning is enough. ok is false if no
// value can be an addition to it: it has an older layout, is an addition itself, or its
// head is not at hand.
func NameOf(value []byte) (name Name, ok bool) {
	if IsAddition(value) || !hasMagic(value) || value[2] != layout {
		return name, false
	}
	end := beginning(value)
	if end == 0 || end > len(value) {
		return name, false
	}
	sum := sha256.Sum256(value[:end])
	copy(name[:], sum[:])
	return name, true
}

// IsAddition reports whether a value, as far as its first bytes tell, is an addition.
func IsAddition(value []byte) bool {
	return hasMagic(value) && value[2] == layout && value[3] == addition
}

// EncodeAddition returns what s says as an addition to a base. It has the data of its own entries
// alone, and not what was packed with them.
func EncodeAddition(key string, s *state.State, base Name, compress bool) ([]byte, error) {
	own := s.Clone()
	for i := range own.Entries {
		data, err := own.Entries[i].Data.Bytes()
		if err != nil {
			return nil, err
		}
		own.Entries[i].Data = state.Plain(data)
	}
	return encode(key, &Excerpt{State: own}, &base, compress)
}

// DecodeAddition returns what an addition to a base says; ok is false for any other value,
// and for one that is damaged.
func DecodeAddition(key string, value []byte, base Name) (s state.State, ok bool) {
	if !IsAddition(value) {
		return s, false
	}
	v, err := openWhole(key, value)
	if err != nil || *v.head.base != base {
		return s, false
	}
	s, err = v.decode(v.all)
	return s, err == nil && s.Horizon == 0 && len(s.Sources)+len(s.Drops)+len(s.Heals) == 0
}

// base reads the name of an addition's base, if there is one.
func (r *reader) base(there bool) *Name {
	if !there {
		return nil
	}
	name := new(Name)
	copy(name[:], r.take(len(name)))
	return name
}
