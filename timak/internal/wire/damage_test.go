package wire_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// damaged returns small values of every kind of content, packed both ways.
func damaged(t *testing.T) map[string][]byte {
	t.Helper()
	values := map[string][]byte{
		"compressed timeline":   encode(t, key, timeline(40), true),
		"uncompressed timeline": encode(t, key, timeline(2), false),
	}
	for name, s := range goldenStates() {
		values[name] = encode(t, key, s, false)
	}
	said := addedState()
	values["addition"] = encodeAddition(t, key, &said, wire.Name{1, 2, 3, 4, 5, 6, 7, 8})
	return values
}

func wantCorrupt(t *testing.T, value []byte, format string, args ...any) {
	t.Helper()
	if got, err := wire.Decode(key, value); !errors.Is(err, wire.ErrCorrupt) {
		t.Errorf(format, args...)
		t.Fatalf("%.200x: got %+v, %v; want ErrCorrupt", value, got, err)
	}
}

func TestEveryChangedByteIsFound(t *testing.T) {
	t.Parallel()
	for name, value := range damaged(t) {
		for i := range value {
			for _, change := range changesOf(value) {
				value[i] ^= byte(change)
				wantCorrupt(t, value, "%s, byte %d changed by %#x", name, i, change)
				value[i] ^= byte(change)
			}
		}
	}
}

// changesOf returns the changes to try of each byte of a value: all of a small one, and of
// others each bit.
func changesOf(value []byte) (changes []int) {
	for change := 1; change < 256; change++ {
		if len(value) < 200 || change&(change-1) == 0 {
			changes = append(changes, change)
		}
	}
	return changes
}

func TestEveryTruncationIsFound(t *testing.T) {
	t.Parallel()
	for name, value := range damaged(t) {
		for n := range value {
			wantCorrupt(t, value[:n], "%s, cut to %d bytes", name, n)
			wantCorrupt(t, value[n+1:], "%s, first %d bytes lost", name, n+1)
		}
		wantCorrupt(t, append(bytes.Clone(value), 0), "%s, a byte more", name)
		wantCorrupt(t, append(bytes.Clone(value), value...), "%s, twice", name)
	}
}

// Bodies that arrive as they were sent, but that Encode never makes.
func TestImpossibleBodies(t *testing.T) {
	t.Parallel()
	entry := func(id string, version int64) state.Entry { return state.Entry{ID: id, Version: version} }
	for name, s := range map[string]state.State{
		"unsorted":               {Entries: []state.Entry{entry("b", 1), entry("a", 1)}},
		"the same twice":         {Entries: []state.Entry{entry("a", 1), entry("a", 1)}},
		"version 0":              {Entries: []state.Entry{entry("a", 0)}},
		"version below 0":        {Entries: []state.Entry{entry("a", -1)}},
		"horizon below 0":        {Horizon: -1},
		"dead at the horizon":    {Horizon: 1, Entries: []state.Entry{entry("a", 1)}},
		"live below its cover":   {Entries: []state.Entry{{ID: "a", Version: 1, Live: true}}, Items: []state.Cover{{Name: "a", Version: 2}}},
		"cover at the horizon":   {Horizon: 2, Items: []state.Cover{{Name: "a", Version: 2}}},
		"unsorted covers":        {Items: []state.Cover{{Name: "b", Version: 1}, {Name: "a", Version: 1}}},
		"the same source twice":  {Sources: []state.Cover{{Name: "a", Version: 1}, {Name: "a", Version: 2}}},
		"older than its horizon": {Horizon: 2, Entries: []state.Entry{{ID: "a", Version: 3, Live: true, Older: 2}}},
		"older than itself":      {Entries: []state.Entry{{ID: "a", Version: 3, Live: true, Older: 4}}},
		"the same at two dates": {Entries: []state.Entry{
			{ID: "a1", Version: 1, Live: true, Date: 2}, {ID: "a1", Version: 1, Live: true, Date: 1},
		}},
		"a later date after an earlier": {Entries: []state.Entry{
			{ID: "a", Version: 1, Live: true, Date: 1}, {ID: "b", Version: 1, Live: true, Date: 2},
		}},
		"a name of more than 512":    {Items: []state.Cover{{Name: strings.Repeat("n", 513), Version: 1}}},
		"a source of more than 512":  {Entries: []state.Entry{{ID: "a", Source: strings.Repeat("n", 513), Version: 1}}},
		"dead below its source's":    {Entries: []state.Entry{{ID: "a", Source: "p", Version: 1}}, Sources: []state.Cover{{Name: "p", Version: 2}}},
		"dead and its cover says so": {Entries: []state.Entry{entry("a", 1)}, Items: []state.Cover{{Name: "a", Version: 1}}},
	} {
		wantCorrupt(t, encode(t, key, s, false), "%s: %+v", name, s)
	}
}

func TestAnotherKeysValueIsNamed(t *testing.T) {
	t.Parallel()
	for _, compress := range []bool{false, true} {
		_, err := wire.Decode(key, encode(t, "another \"key\"", timeline(10), compress))
		if !errors.Is(err, wire.ErrCorrupt) || !strings.Contains(err.Error(), `"another \"key\""`) {
			t.Errorf("a value of another key, compress %v: got %v; want ErrCorrupt that names the key", compress, err)
		}
	}
}
