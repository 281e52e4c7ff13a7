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

// The files under testdata are values that a release has written, and stay readable
// forever. -update adds the files of new states and never changes existing ones: a
// layout that writes different bytes is a new layout, with a directory of its own.
var update = flag.Bool("update", false, "write golden files that do not exist yet")

const goldenKey = "author:7:posts"

// goldenStates returns the states in testdata, by file name.
func goldenStates() map[string]state.State {
	states := unsortedStates()
	for name, s := range states {
		s.Sort()
		states[name] = s
	}
	return states
}

func unsortedStates() map[string]state.State {
	live := func(id, source string, version, date int64, data string) state.Entry {
		return state.Entry{ID: id, Source: source, Version: version, Live: true, Date: date, Data: state.Plain([]byte(data))}
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
			stored := golden(t, layout3, name+".bin", written)
			mustDecode(t, stored, want)
			if !bytes.Equal(written, stored) {
				t.Errorf("%+v\ngot  %x\nwant %x as released", want, written, stored)
			}
			mustDecode(t, golden(t, layout2, name+".bin", nil), want)
			mustDecode(t, golden(t, layout1, name+".bin", nil), want)
			mustDecode(t, golden(t, layout1, name+".packed.bin", nil), want)
		})
	}
}

// A timeline used to be marked as one whose items have several entries as soon as there
// were several sources.
func TestGoldenShared(t *testing.T) {
	t.Parallel()
	mustDecode(t, golden(t, layout2, "extremes.shared.bin", nil), goldenStates()["extremes"])
}

// Floors, which layout 1 did not have.
func TestGoldenFloors(t *testing.T) {
	t.Parallel()
	for name, want := range flooredStates() {
		mustDecode(t, golden(t, layout2, name+".bin", nil), want)
		mustDecode(t, golden(t, layout3, name+".bin", encode(t, goldenKey, want, false)), want)
	}
}

// Moments, drops and heals, which layout 2 did not have.
func TestGoldenHeals(t *testing.T) {
	t.Parallel()
	for name, want := range healedStates() {
		mustDecode(t, golden(t, layout3, name+".bin", encode(t, goldenKey, want, false)), want)
	}
}

// An addition: a value that names its base.
func TestGoldenAddition(t *testing.T) {
	t.Parallel()
	base := golden(t, layout3, "timeline.bin", nil)
	name, ok := wire.NameOf(base)
	if want := (wire.Name{}); !ok || name == want {
		t.Fatalf("the name of a golden file: got %x, %v", name, ok)
	}
	said := addedState()
	stored := golden(t, layout3, "addition.bin", encodeAddition(t, goldenKey, &said, name))
	mustDecode(t, stored, said)
	if got, ok := wire.DecodeAddition(goldenKey, stored, name); !ok || diff(got, said) != "" {
		t.Errorf("got %+v, %v", got, ok)
	}
}

// addedState returns what an addition may say.
func addedState() state.State {
	s := state.State{
		Entries: []state.Entry{
			{ID: "posts:1", Source: "author:7", Version: 31, Live: true, Date: 1_700_000_000_000_000, Data: state.Plain([]byte("x")), Older: 30},
			{ID: "posts:1", Source: "mention", Version: 32},
		},
		Items:  []state.Cover{{Name: "posts:2", Version: 11}},
		Moment: 1_700_000_000_000_000,
	}
	s.Sort()
	return s
}

func encodeAddition(t testing.TB, key string, s *state.State, base wire.Name) []byte {
	t.Helper()
	value, err := wire.EncodeAddition(key, s, base, false)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func healedStates() map[string]state.State {
	const moment = 1_700_000_000_000_000
	at := func(date int64, id string) state.Position { return state.Position{Date: date, ID: id} }
	known, healed, drops, unknown := timeline(3), timeline(3), timeline(1), timeline(1)
	known.Moment = moment
	healed.Moment = moment + 1
	healed.RaiseFloor(state.NewestFirst, at(1_600_000_000_000_000, "posts:10"), moment-1)
	to := at(1_500_000_000_000_000, "posts:8")
	healed.Heal(state.NewestFirst, at(1_600_000_000_000_000, "posts:10"), &to, moment)
	drops.RaiseFloor(state.OldestFirst, at(5, "a"), 3)
	drops.RaiseFloor(state.OldestFirst, at(7, "b"), moment)
	unknown.Moment = state.Unknown
	unknown.RaiseFloor(state.NewestFirst, at(-1, ""), state.Unknown)
	return map[string]state.State{"moment": known, "heal": healed, "drops": drops, "unknown": unknown}
}

func flooredStates() map[string]state.State {
	floored := func(s state.State, order state.Order, at state.Position) state.State {
		s.RaiseFloor(order, at, 0)
		return s
	}
	return map[string]state.State{
		"floor.newestfirst": floored(timeline(3), state.NewestFirst, state.Position{Date: 1_600_000_000_000_000, ID: "posts:10"}),
		"floor.oldestfirst": floored(state.State{}, state.OldestFirst, state.Position{Date: -1, ID: ""}),
	}
}

// More states, large enough for compression to pay off and for several blocks. The
// result of timeline is as fixed as the files; zstd's output may differ from
// release to release.
func TestGoldenTimeline(t *testing.T) {
	t.Parallel()
	mustDecode(t, golden(t, layout1, "timeline.packed.bin", nil), timeline(50))
	mustDecode(t, golden(t, layout2, "timeline.bin", nil), timeline(50))
	mustDecode(t, golden(t, layout2, "timeline.packed.bin", nil), timeline(200))
	mustDecode(t, golden(t, layout3, "timeline.bin", encode(t, goldenKey, timeline(50), false)), timeline(50))
	mustDecode(t, golden(t, layout3, "timeline.packed.bin", encode(t, goldenKey, timeline(200), true)), timeline(200))
}

const (
	layout1 = "layout1"
	layout2 = "layout2"
	layout3 = "layout3"
)

func TestEveryGoldenFileIsTested(t *testing.T) {
	t.Parallel()
	if *update {
		t.Skip("the other tests are writing them")
	}
	for layout, want := range map[string]int{
		layout1: 2*len(goldenStates()) + 1,
		layout2: len(goldenStates()) + len(flooredStates()) + 3,
		layout3: len(goldenStates()) + len(flooredStates()) + len(healedStates()) + 3,
	} {
		files, err := os.ReadDir(filepath.Join("testdata", layout))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(files); got != want {
			t.Errorf("testdata/%s: got %d files, want %d", layout, got, want)
		}
	}
}

func mustDecode(t *testing.T, value []byte, want state.State) {
	t.Helper()
	got, err := wire.Decode(goldenKey, value)
	if err != nil || diff(got, want) != "" {
		t.Errorf("Decode(%x): %v (-want +got)\n%s", value, err, diff(got, want))
	}
}

// golden returns the contents of a file. With -update it first writes a file that
// does not exist, unless value is nil because that layout is no longer written.
func golden(t *testing.T, layout, name string, value []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", layout, name)
	stored, err := os.ReadFile(path)
	if os.IsNotExist(err) && *update && value != nil {
		if err := os.WriteFile(path, value, 0o644); err != nil {
			t.Fatal(err)
		}
		return value
	}
	if err != nil {
		t.Fatalf("%v (go test -update writes it, if it is new)", err)
	}
	if *update && value != nil && !bytes.Equal(stored, value) {
		t.Logf("%s: not overwritten; released layouts stay as they are", path)
	}
	return stored
}
