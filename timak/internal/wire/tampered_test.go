package wire_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// Values with a correct checksum in which any one byte was changed: what still
// decodes can be encoded, and nothing panics.
func TestTamperedBytes(t *testing.T) {
	t.Parallel()
	for name, value := range damaged(t) {
		for i := 8; i < len(value); i++ {
			was := value[i]
			for _, change := range changesOf(value) {
				value[i] = was ^ byte(change)
				fixed := letThrough(value)
				if s, err := wire.Decode(key, fixed); err == nil && s.Abnormal() != nil {
					t.Fatalf("%s, byte %d is %#x: not in normal form: %+v", name, i, value[i], s)
				}
			}
			value[i] = was
		}
	}
}

// Values that are cut off or extended, with a correct checksum.
func TestTamperedLengths(t *testing.T) {
	t.Parallel()
	for name, value := range damaged(t) {
		for n := 8; n < len(value); n++ {
			wantCorrupt(t, letThrough(value[:n]), "%s, cut to %d bytes", name, n)
		}
		wantCorrupt(t, letThrough(append(bytes.Clone(value), 0)), "%s, a byte left over", name)
	}
}

// A few bytes for each of many long names, of removed items and of ids, must not
// unfold without limit.
func TestTamperedNamesUnfoldToALimit(t *testing.T) {
	t.Parallel()
	const names = 64<<20/512 + 1
	graves := binary.AppendUvarint([]byte{0}, names) // no dead entries, so many removed items
	last := ""
	for i := range names {
		name, shared := fmt.Sprintf("%0512d", i), 0
		for shared < len(last) && last[shared] == name[shared] {
			shared++
		}
		graves = binary.AppendUvarint(graves, uint64(shared))
		graves = binary.AppendUvarint(graves, uint64(len(name)-shared))
		graves = append(graves, name[shared:]...)
		last = name
	}
	graves = append(binary.AppendVarint(graves, 1), make([]byte, names-1+1)...) // versions, all 1; no removed sources
	wantCorrupt(t, wire.WithGraves(key, graves), "%d names of 512 bytes", names)

	s := state.State{Entries: make([]state.Entry, names)}
	long := string(bytes.Repeat([]byte("n"), 511))
	for i := range s.Entries {
		s.Entries[i] = state.Entry{ID: long + fmt.Sprint(i%10), Version: 1, Live: true, Date: int64(-i)}
	}
	if _, err := wire.Encode(key, &s, false); err == nil {
		t.Errorf("%d ids of 512 bytes are written", names)
	}
}
