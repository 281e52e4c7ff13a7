package riaktest

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"slices"
)

// clock is a version vector: how many puts of each actor it has seen. A stored
// clock is immutable.
type clock map[uint64]uint64

// dot names one put: the n-th of an actor.
type dot struct {
	actor, n uint64
}

// saw reports whether the clock has seen the put.
func (c clock) saw(d dot) bool {
	return c[d.actor] >= d.n
}

// descends reports whether the clock has seen everything that other has seen.
func (c clock) descends(other clock) bool {
	for actor, n := range other {
		if c[actor] < n {
			return false
		}
	}
	return true
}

// merge returns a clock that has seen what either has seen.
func (c clock) merge(other clock) clock {
	merged := maps.Clone(c)
	if merged == nil {
		merged = make(clock, len(other))
	}
	for actor, n := range other {
		merged[actor] = max(merged[actor], n)
	}
	return merged
}

// next returns the clock with one more put of the actor, and that put's dot.
func (c clock) next(actor uint64) (clock, dot) {
	d := dot{actor: actor, n: c[actor] + 1}
	return c.merge(clock{actor: d.n}), d
}

const tokenVersion = 0x6b

var errClock = errors.New("not a vector clock")

// encode returns the clock as clients hold it: opaque, and checked when it comes
// back.
func (c clock) encode() []byte {
	out := []byte{tokenVersion}
	for _, actor := range slices.Sorted(maps.Keys(c)) {
		out = binary.BigEndian.AppendUint64(out, actor)
		out = binary.AppendUvarint(out, c[actor])
	}
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
}

// decodeClock reads what encode wrote. No bytes are a clock that saw nothing.
func decodeClock(token []byte) (clock, error) {
	if len(token) == 0 {
		return nil, nil
	}
	body := len(token) - crc32.Size
	if body < 1 || token[0] != tokenVersion || binary.BigEndian.Uint32(token[body:]) != crc32.ChecksumIEEE(token[:body]) {
		return nil, errClock
	}
	c := clock{}
	for rest := token[1:body]; len(rest) > 0; {
		if len(rest) < 8 {
			return nil, errClock
		}
		n, size := binary.Uvarint(rest[8:])
		if size <= 0 {
			return nil, errClock
		}
		c[binary.BigEndian.Uint64(rest)] = n
		rest = rest[8+size:]
	}
	return c, nil
}
