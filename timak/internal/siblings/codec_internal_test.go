package siblings

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/driver"
)

// equal lets cmp look into records, with nil and empty values as equal.
func equal() cmp.Options {
	return cmp.Options{
		cmp.AllowUnexported(Record{}, sibling{}),
		cmp.Comparer(func(a, b []byte) bool { return bytes.Equal(a, b) }),
	}
}

// seal returns a stored record with the given body and a correct checksum.
func seal(key string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{format}, checksum(key, body))
	return append(b, body...)
}

func TestDecodeReadsWhatEncodeWrote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := New(rapid.String().Draw(t, "key"))
		for range rapid.IntRange(1, 8).Draw(t, "puts") {
			token := rapid.SampledFrom([][]byte{nil, want.Object().Token}).Draw(t, "token")
			value := rapid.SliceOf(rapid.Byte()).Draw(t, "value")
			want, _, _ = want.Put(value, token)
		}
		got, err := Decode(want.key, want.Encode())
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		if diff := cmp.Diff(want, got, equal()); diff != "" {
			t.Fatalf("record (-want +got):\n%s", diff)
		}
	})
}

// The bytes of formats 1 and 2 stay readable forever. Additions are for format 2.
func TestFormats(t *testing.T) {
	t.Parallel()
	want := Record{key: "k", siblings: []sibling{{seq: 2, value: []byte("two")}, {seq: 300, value: nil}}}
	for format, stored := range map[int]string{
		1: "\x01\x04\xbc\x22\x45\x02\x03two\xaa\x02\x00",
		2: "\x02\x04\xbc\x22\x45\x02\x03two\xaa\x02\x00",
	} {
		if diff := cmp.Diff([]byte(stored), want.Encode()); format == 2 && diff != "" {
			t.Errorf("Encode (-want +got):\n%s", diff)
		}
		if got := MayBeAddedTo([]byte(stored)); got != (format == 2) {
			t.Errorf("MayBeAddedTo of format %d: got %v", format, got)
		}
		got, err := Decode("k", []byte(stored))
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		if diff := cmp.Diff(want, got, equal()); diff != "" {
			t.Errorf("Decode (-want +got):\n%s", diff)
		}
	}
}

// What was added to a record is what comes after it, and together they are all.
func TestJoin(t *testing.T) {
	t.Parallel()
	base, _, _ := New("k").Put([]byte("base"), nil)
	all, token, err := base.Add([]byte("one"), base.token())
	if err == nil {
		all, token, err = all.Add([]byte("two"), token)
	}
	if err != nil || token == nil {
		t.Fatalf("Add: token %x, %v", token, err)
	}
	added := all.After(base)
	got, err := base.Join(added)
	if diff := cmp.Diff(all, got, equal()); err != nil || added.Len() != 2 || diff != "" {
		t.Errorf("joined: %v (-want +got):\n%s", err, diff)
	}
	if got, err := base.Join(base.After(base)); err != nil || cmp.Diff(base, got, equal()) != "" {
		t.Errorf("joined with nothing: got %+v, %v", got, err)
	}
	if _, err := all.Join(added); err == nil {
		t.Error("joined with what it has: got no error")
	}
}

func TestDecodeRejectsEveryFlippedBit(t *testing.T) {
	t.Parallel()
	r := Record{key: "k", siblings: []sibling{{seq: 1, value: []byte("one")}, {seq: 7, value: []byte("seven")}}}
	stored := r.Encode()
	for bit := range 8 * len(stored) {
		damaged := bytes.Clone(stored)
		damaged[bit/8] ^= 1 << (bit % 8)
		if _, err := Decode("k", damaged); err == nil {
			t.Errorf("bit %d flipped: Decode returned no error", bit)
		}
	}
	if _, err := Decode("l", stored); err == nil {
		t.Error("under another key: Decode returned no error")
	}
}

// A correct checksum over a wrong body, as a bug in a writer would leave it.
func TestDecodeRejectsBadBodies(t *testing.T) {
	t.Parallel()
	top := binary.AppendUvarint(nil, math.MaxUint64)
	tests := []struct {
		name, want string
		body       []byte
	}{
		{"empty", "no sibling", nil},
		{"sequence 0", "bad sequence", []byte{0, 0}},
		{"sequence cut short", "bad sequence", []byte{0x80}},
		{"sequence over 64 bits", "bad sequence", bytes.Repeat([]byte{0xff}, 11)},
		{"counter would overflow", "bad sequence", append(bytes.Clone(top), 0)},
		{"sequence overflows", "sibling 2: bad sequence", append([]byte{1, 0}, top...)},
		{"no length", "bad length", []byte{1}},
		{"length over 64 bits", "bad length", append([]byte{1}, bytes.Repeat([]byte{0xff}, 11)...)},
		{"huge length", "bad length", append([]byte{1}, top...)},
		{"value cut short", "bad length", []byte{1, 3, 'a', 'b'}},
	}
	for _, tt := range tests {
		_, err := Decode("k", seal("k", tt.body))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Decode(%x): got %v, want %q", tt.name, tt.body, err, tt.want)
		}
	}
}

func TestDecodeRejectsBadHeaders(t *testing.T) {
	t.Parallel()
	stored := Record{key: "k", siblings: []sibling{{seq: 1}}}.Encode()
	for n := range stored {
		if _, err := Decode("k", stored[:n]); err == nil {
			t.Errorf("first %d of %d bytes: Decode returned no error", n, len(stored))
		}
	}
	stored[0] = format + 1
	if _, err := Decode("k", stored); err == nil || !strings.Contains(err.Error(), "format 3") {
		t.Errorf("unknown format: got %v, want it named", err)
	}
}

// FuzzDecode reads arbitrary bytes, both unchanged and with a correct checksum.
// What decodes must survive another round trip, and accept a put.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{1, 0})
	f.Add([]byte{1, 3, 'o', 'n', 'e', 200, 1, 3, 't', 'w', 'o'})
	f.Add(Record{key: "k", siblings: []sibling{{seq: 1, value: []byte("one")}}}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, stored := range [][]byte{b, seal("k", b)} {
			r, err := Decode("k", stored)
			if err != nil {
				continue
			}
			again, err := Decode("k", r.Encode())
			if diff := cmp.Diff(r, again, equal()); err != nil || diff != "" {
				t.Errorf("second round of %x: error %v (-first +second):\n%s", stored, err, diff)
			}
			after, _, err := r.Put([]byte("next"), r.Object().Token)
			if err != nil || len(after.siblings) != 1 || after.last() != r.last()+1 {
				t.Errorf("put on %x: got %v, %v", stored, after, err)
			}
		}
	})
}

// A correct checksum over another mark, as another kind of store might make it.
func TestTokenOfAnotherKind(t *testing.T) {
	t.Parallel()
	r := Record{key: "k", siblings: []sibling{{seq: 1}}}
	token := r.token()
	token[0]++
	binary.BigEndian.PutUint32(token[tokenSum:], checksum("k", token[:tokenSum]))
	if _, _, err := r.Put(nil, token); !errors.Is(err, driver.ErrToken) {
		t.Errorf("Put: got %v, want ErrToken", err)
	}
}

func TestEncodeOfAnAbsentKeyPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("Encode of an absent record did not panic")
		}
	}()
	New("k").Encode()
}
