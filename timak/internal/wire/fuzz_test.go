package wire_test

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// FuzzDecode gives Decode arbitrary bytes, both unchanged and with a head that lets
// them through to the body. Nothing panics or allocates out of proportion, and
// every state that is decoded can be encoded, unless data that was not decoded yet
// proves damaged.
func FuzzDecode(f *testing.F) {
	for _, s := range goldenStates() {
		f.Add(encode(f, key, s, false))
		f.Add(encode(f, key, s, true))
	}
	f.Add(encode(f, key, timeline(40), true))
	f.Add(encode(f, "another key", timeline(1), false))
	said := timeline(3)
	f.Add(encodeAddition(f, key, &said, wire.Name{1, 2, 3}))
	f.Add([]byte(nil))
	f.Add([]byte(`[{"id": 1, "score": 1.5, "modified": 1, "data": [NaN, "-Infinity\""]}, {"id": "a", "score": -Infinity, "modified": 2}]`))
	f.Add(unpackable(f))
	f.Fuzz(func(t *testing.T, value []byte) {
		decode(t, value)
		if len(value) > 8 {
			decode(t, letThrough(value))
		}
	})
}

// letThrough returns value with the correct magic, a layout and correct checksums.
func letThrough(value []byte) []byte {
	fixed := bytes.Clone(value)
	copy(fixed, "tk")
	fixed[2] = 1 + fixed[2]%3
	if fixed[2] == 2 {
		fixed[3] = 0
	}
	fixed[3] &= 1
	wire.FixSums(fixed)
	return fixed
}

// unpackable returns a value that decodes, but whose data cannot be unpacked.
func unpackable(f *testing.F) []byte {
	f.Helper()
	value := encode(f, key, timeline(40), true)
	magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
	at := bytes.Index(value, magic)
	if at < 0 {
		f.Fatalf("no compressed data in %x", value)
	}
	value[at+len(magic)+1] ^= 1 // the length of the data
	return letThrough(value)
}

// readable reports whether all data of s can be unpacked.
func readable(s state.State) bool {
	return !slices.ContainsFunc(s.Entries, func(e state.Entry) bool {
		_, err := e.Data.Bytes()
		return err != nil
	})
}

func decode(t *testing.T, value []byte) {
	t.Helper()
	before := allocated()
	s, err := wire.Decode(key, value)
	// A body has at most 64 MiB, and 6 bytes of it unfold to an entry of 80 bytes
	// with two names of 512. Compressed, it may have almost any size.
	if got, limit := allocated()-before, uint64(200*len(value)+64<<10); len(value) > 3 && value[3] == 0 && got > limit {
		t.Errorf("Decode(%x) allocated %d bytes, want at most %d", value, got, limit)
	}
	part, _ := wire.Cut(key, value, []wire.Change{{ID: "posts:5"}, {ID: "posts:9", Put: true, Date: 437}}, wire.Bounds{Limit: 10})
	parted, partErr := part.Encode(key, true) // whatever it is, it must not panic
	if err != nil {
		return
	}
	if fault := s.Abnormal(); fault != nil {
		t.Fatalf("Decode(%x): not in normal form: %+v: %+v", value, *fault, s)
	}
	if part.Left > 0 && partErr == nil {
		if again, err := wire.Decode(key, parted); err != nil || diff(again, s) != "" {
			t.Fatalf("Decode(%x): written again in part: %v (-first +second)\n%s", value, err, diff(again, s))
		}
	}
	for _, compress := range []bool{false, true} {
		written, err := wire.Encode(key, &s, compress)
		if errors.Is(err, wire.ErrCorrupt) && !readable(s) {
			continue
		}
		if err != nil {
			t.Fatalf("Decode(%x): Encode(%+v): %v", value, s, err)
		}
		again, err := wire.Decode(key, written)
		if err != nil || diff(again, s) != "" {
			t.Fatalf("Decode(%x): encoded and decoded again: %v (-first +second)\n%s", value, err, diff(again, s))
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
