package wire_test

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// The files under testdata are values that a release has written, and are read
// for ever. -update adds the files of new states. It never changes one that
// exists: a layout that writes other bytes is a new layout, with a directory of
// its own.
var update = flag.Bool("update", false, "write golden files that do not exist yet")

const goldenKey = "author:7:posts"

// goldenStates are the states in testdata/layout1, by the names of their files.
func goldenStates() map[string]state.State {
	live := func(id, source string, version, date int64, data string) state.Entry {
		return state.Entry{ID: id, Source: source, Version: version, Live: true, Date: date, Data: []byte(data)}
	}
	dead := func(id, source string, version int64) state.Entry {
		return state.Entry{ID: id, Source: source, Version: version}
	}
	return map[string]state.State{
		"empty":   {},
		"horizon": {Horizon: 1_700_000_000_000_000},
		"items": {Entries: []state.Entry{
			live("posts:1", "", 1_700_000_000_000_001, 1_700_000_000_000_000, `{"title":"One"}`),
			live("posts:10", "", 1_700_000_000_000_002, 1_600_000_000_000_000, ""),
			live("posts:2", "", 1_700_000_000_000_000, -1, `{"title":"Two"}`),
		}},
		"tombstones": {Horizon: 5, Entries: []state.Entry{
			dead("a", "", 3), live("b", "", 5, 1, "kept"), dead("c", "", 9), live("d", "", 4, 2, ""),
		}},
		"sources": {Entries: []state.Entry{
			live("posts:1", "author:7", 20, 1, "x"), live("posts:1", "mention", 21, 1, "y"), dead("posts:2", "author:7", 22),
		}},
		"covers": {
			Horizon: 10,
			Entries: []state.Entry{live("posts:1", "author:7", 31, 1, "")},
			Items:   []state.Cover{{Name: "posts:1", Version: 30}, {Name: "posts:2", Version: 11}},
			Sources: []state.Cover{{Name: "author:7", Version: 20}},
		},
		"older": {Horizon: 3, Entries: []state.Entry{
			{ID: "moved", Version: 1_700_000_000_000_000, Live: true, Date: 1, Older: 1_600_000_000_000_000},
			live("never", "", 5, 1, ""),
			{ID: "tied", Version: 6, Live: true, Date: 1, Older: 6},
		}},
		"extremes": {Horizon: 1, Entries: []state.Entry{
			live("\x00", "\xff\xfe", math.MaxInt64, math.MinInt64, "\x00"),
			live("\xff", "", 2, math.MaxInt64, "\xff\x00\xff"),
		}},
	}
}

func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, want := range goldenStates() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			written := encode(t, goldenKey, want, false)
			stored := golden(t, name+".bin", written)
			mustDecode(t, stored, want)
			if !bytes.Equal(written, stored) {
				t.Errorf("%+v\ngot  %x\nwant %x as released", want, written, stored)
			}
			// How zstd packs may differ from release to release.
			mustDecode(t, golden(t, name+".packed.bin", encode(t, goldenKey, want, true)), want)
		})
	}
}

// One more, that is large enough for compressing to pay. What timeline returns
// is as fixed as the file.
func TestGoldenTimeline(t *testing.T) {
	t.Parallel()
	want := timeline(50)
	mustDecode(t, golden(t, "timeline.packed.bin", encode(t, goldenKey, want, true)), want)
}

func TestEveryGoldenFileIsTested(t *testing.T) {
	t.Parallel()
	if *update {
		t.Skip("the other tests are writing them")
	}
	files, err := os.ReadDir(filepath.Join("testdata", "layout1"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(files), 2*len(goldenStates())+1; got != want {
		t.Errorf("testdata/layout1: got %d files, want %d", got, want)
	}
}

func mustDecode(t *testing.T, value []byte, want state.State) {
	t.Helper()
	got, err := wire.Decode(goldenKey, value)
	if err != nil || diff(got, want) != "" {
		t.Errorf("Decode(%x): %v (-want +got)\n%s", value, err, diff(got, want))
	}
}

// golden returns what a file holds. With -update it first writes one that does
// not exist.
func golden(t *testing.T, name string, value []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", "layout1", name)
	stored, err := os.ReadFile(path)
	if os.IsNotExist(err) && *update {
		if err := os.WriteFile(path, value, 0o644); err != nil {
			t.Fatal(err)
		}
		return value
	}
	if err != nil {
		t.Fatalf("%v (go test -update writes it, if it is new)", err)
	}
	if *update && !bytes.Equal(stored, value) {
		t.Logf("%s: not overwritten; released layouts stay as they are", path)
	}
	return stored
}
