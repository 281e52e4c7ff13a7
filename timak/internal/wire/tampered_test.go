package wire_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// framed returns a body with a head that lets it through, and that says it has
// so many bytes.
func framed(body []byte, length int) []byte {
	value := binary.AppendUvarint([]byte("tk\x01\x00crc?"), uint64(length))
	return letThrough(append(value, body...))
}

// bodyOf returns the body that is written of a state.
func bodyOf(t *testing.T, s state.State) []byte {
	t.Helper()
	value := encode(t, key, s, false)
	_, n := binary.Uvarint(value[8:])
	return value[8+n:]
}

// Bodies whose checksum holds, and that lie about what is in them.
func TestTamperedBodies(t *testing.T) {
	t.Parallel()
	body := bodyOf(t, state.State{Entries: []state.Entry{{ID: "id", Source: "source", Version: 3, Live: true, Date: 4, Data: []byte("data")}}})
	if _, err := wire.Decode(key, framed(body, len(body))); err != nil {
		t.Fatalf("as it is: %v", err)
	}
	wantCorrupt(t, framed(append(bytes.Clone(body), 0), len(body)+1), "a byte left over")
	wantCorrupt(t, framed(body, len(body)+1), "a length above the body's")
	wantCorrupt(t, framed(body, len(body)-1), "a length below the body's")
	wantCorrupt(t, framed(body, 64<<20+1), "a length above any body's")
	wantCorrupt(t, framed(nil, 0), "no body")
	for n := range body {
		wantCorrupt(t, framed(body[:n], n), "cut to %d bytes", n)
	}
	// Of what is written of the entry, in order: each number that says how much
	// of something follows, and the flags.
	for _, at := range []struct {
		offset int
		what   string
		values []uint64
	}{
		{0, "length of the key", []uint64{4, 6, 127, 1 << 40, 1 << 63}},
		{7, "number of entries", []uint64{0, 2, 127, 1 << 40, 1 << 63}},
		{8, "bytes shared with no id", []uint64{1, 127, 1 << 40, 1 << 63}},
		{9, "length of the id", []uint64{0, 1, 3, 127, 1 << 40, 1 << 63}},
		{20, "flags", []uint64{2, 3, 127}},
		{23, "length of the data", []uint64{0, 3, 5, 127, 1 << 40, 1 << 63}},
		{len(body) - 2, "number of covers", []uint64{1, 127, 1 << 40, 1 << 63}},
	} {
		for _, value := range at.values {
			changed := append(binary.AppendUvarint(bytes.Clone(body[:at.offset]), value), body[at.offset+1:]...)
			wantCorrupt(t, framed(changed, len(changed)), "%s: %d, not %d", at.what, value, body[at.offset])
		}
	}
	dead := bodyOf(t, state.State{Entries: []state.Entry{{ID: "id", Version: 3}}})
	for _, flags := range []byte{2, 4, 128} {
		dead[14] = flags
		wantCorrupt(t, framed(dead, len(dead)), "flags of a dead entry: %d", flags)
	}
}

// A few bytes for each of many long names may not unfold without end.
func TestTamperedNamesUnfoldToALimit(t *testing.T) {
	t.Parallel()
	const names = 64<<20/512 + 1
	body := bodyOf(t, state.State{})
	body = binary.AppendUvarint(body[:len(body)-2], names) // no entries, so many removed items
	last := ""
	for i := range names {
		name, shared := fmt.Sprintf("%0512d", i), 0
		for shared < len(last) && last[shared] == name[shared] {
			shared++
		}
		body = binary.AppendUvarint(body, uint64(shared))
		body = binary.AppendUvarint(body, uint64(len(name)-shared))
		body = append(body, name[shared:]...)
		last = name
	}
	body = append(binary.AppendVarint(body, 1), make([]byte, names-1+1)...) // versions, all 1; no removed sources
	wantCorrupt(t, framed(body, len(body)), "%d names of 512 bytes", names)
}
