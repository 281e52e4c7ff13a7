package wire_test

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// drawnChange is a change of one item, and the way to make it in a state.
type drawnChange struct {
	wire.Change
	apply func(*state.State)
}

// drawn says how the changes of a test are drawn: how many dates and sources there are,
// and that one change in so many has another source than its item mostly has.
type drawn struct {
	dates   int64
	sources int
	strays  int
}

// sourceOf returns the source of an item: mostly the same one.
func (d drawn) sourceOf(random *rand.Rand, id string) string {
	n := int(crc32.ChecksumIEEE([]byte(id)))
	if random.IntN(d.strays) == 0 {
		n = random.IntN(d.sources)
	}
	if n %= d.sources; n > 0 {
		return fmt.Sprint("author:", n)
	}
	return ""
}

// changeIn draws a change among 400 items whose dates are mostly distinct, or
// mostly the same.
func (d drawn) changeIn(random *rand.Rand, version int64) drawnChange {
	id := fmt.Sprint("posts:", random.IntN(400))
	switch random.IntN(12) {
	case 0:
		id = fmt.Sprint("likes:", random.IntN(20), ":of") // no number to split off
	case 1:
		id = fmt.Sprintf("%x-%d", random.IntN(200), random.IntN(3)) // more names than there is room for
	}
	e := state.Entry{
		ID: id, Source: d.sourceOf(random, id), Version: version, Live: true, Date: random.Int64N(d.dates),
		Data: state.Plain(fmt.Appendf(nil, "%s at %d", id, version)),
	}
	switch random.IntN(8) {
	case 0:
		return drawnChange{wire.Change{ID: id}, func(s *state.State) { s.RemoveEntry(id, e.Source, version) }}
	case 1:
		return drawnChange{wire.Change{ID: id}, func(s *state.State) { s.Remove(id, version) }}
	default:
		return drawnChange{wire.Change{ID: id, Put: true, Date: e.Date}, func(s *state.State) { s.Put(e) }}
	}
}

// versionOr returns a version, or sometimes an earlier one, which may be below the
// horizon.
func versionOr(random *rand.Rand, version int64) int64 {
	if random.IntN(4) == 0 {
		return 1 + random.Int64N(version)
	}
	return version
}

// A timeline that is changed in parts, over and over, equals one that is changed as
// a whole. It can be, unless an item of it has several entries.
func TestExcerpts(t *testing.T) {
	t.Parallel()
	parts, whole := map[int]int{}, 0
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		bounds := wire.Bounds{
			Order: rapid.SampledFrom([]state.Order{state.NewestFirst, state.OldestFirst}).Draw(t, "order"),
			Limit: rapid.IntRange(1, 300).Draw(t, "limit"),
		}
		d := drawn{
			dates:   rapid.SampledFrom([]int64{5, 200, 1 << 40}).Draw(t, "dates"),
			sources: rapid.SampledFrom([]int{1, 3, 60}).Draw(t, "sources"),
			strays:  rapid.SampledFrom([]int{50, 1000}).Draw(t, "strays"),
		}
		compress := rapid.Bool().Draw(t, "compress")
		var want state.State
		for n := range 300 {
			d.changeIn(random, int64(n+1)).apply(&want)
		}
		want.Trim(bounds.Order, bounds.Limit)
		value := encode(t, key, want, compress)
		for n := range rapid.IntRange(1, 60).Draw(t, "writes") {
			changes := make([]drawnChange, 1+random.IntN(3))
			about := make([]wire.Change, len(changes))
			for i := range changes {
				changes[i] = d.changeIn(random, versionOr(random, int64(1000+3*n+i)))
				about[i] = changes[i].Change
			}
			x, ok := wire.Cut(key, value, about, bounds)
			switch {
			case ok && x.Left > 0:
				parts[d.sources]++
			case !ok && !want.Shared() && bounds.Limit > d.sources:
				t.Fatal("Cut: it cannot be told apart")
			case !ok:
				whole++
				x = wire.Whole(want.Clone())
			}
			before := int64(0)
			if random.IntN(5) == 0 {
				before = int64(900 + 3*n)
			}
			change(&x.State, changes, before, wire.Bounds{Order: bounds.Order, Limit: bounds.Limit - x.Left})
			change(&want, changes, before, bounds)
			var err error
			if value, err = x.Encode(key, compress); err != nil {
				t.Fatalf("Encode: %v", err)
			}
			got, err := wire.Decode(key, value)
			if err != nil || diff(got, want) != "" {
				t.Fatalf("after %d writes: %v (-want +got)\n%s", n+1, err, diff(got, want))
			}
		}
	})
	if len(parts) < 3 || whole == 0 {
		t.Errorf("got %d timelines changed as a whole, and in parts by their sources %v; want some of each", whole, parts)
	}
}

// change does to a state what the engine does in one write.
func change(s *state.State, changes []drawnChange, before int64, bounds wire.Bounds) {
	s.Collect(before)
	for _, c := range changes {
		c.apply(s)
	}
	s.Trim(bounds.Order, bounds.Limit)
}

// A late removal, with a version below the horizon that rises in the same write, is
// kept when a timeline is changed in parts as well as as a whole.
func TestExcerpts_lateRemoval(t *testing.T) {
	t.Parallel()
	const begin = 1_700_000_000_000_000
	want := timeline(200)
	want.RemoveEntry("another", "", begin+1000)
	value := encode(t, key, want, true)
	late := []drawnChange{{wire.Change{ID: "posts:3"}, func(s *state.State) { s.RemoveEntry("posts:3", "", begin+500) }}}
	x, ok := wire.Cut(key, value, []wire.Change{late[0].Change}, wire.Bounds{Limit: 1000})
	if !ok || x.Left == 0 {
		t.Fatal("Cut: it cannot be told apart")
	}
	change(&x.State, late, begin+2000, wire.Bounds{Limit: 1000 - x.Left})
	change(&want, late, begin+2000, wire.Bounds{Limit: 1000})
	value, err := x.Encode(key, true)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(mustReadT(t, value), want); d != "" || len(want.Dead()) != 1 {
		t.Errorf("(-whole +in part)\n%s", d)
	}
}

// The undecoded blocks are decoded once the horizon rises, also if a decoded block
// ends with the date that an undecoded one begins with. The first version of
// partial writes then had the latter twice.
func TestExcerpts_horizonAmongTies(t *testing.T) {
	t.Parallel()
	want := timeline(96)
	for i := range want.Entries {
		want.Entries[i].Date = 7
	}
	want.Sort()
	want.RemoveEntry("another", "", 1000)
	for n := range 64 { // of all blocks but the first
		x, ok := wire.Cut(key, encode(t, key, want, true), []wire.Change{{ID: fmt.Sprint("posts:", n)}}, wire.Bounds{Limit: 1000})
		if !ok || x.Left == 0 {
			t.Fatalf("posts:%d: Cut: %v, with %d entries left; want some", n, ok, x.Left)
		}
		x.State.Collect(2000)
		value, err := x.Encode(key, true)
		if err != nil {
			t.Fatal(err)
		}
		whole := want.Clone()
		whole.Collect(2000)
		if got, err := wire.Decode(key, value); err != nil || diff(got, whole) != "" {
			t.Fatalf("posts:%d: %v (-want +got)\n%s", n, err, diff(got, whole))
		}
	}
}

// Changes touch only a small part of a large timeline.
func TestExcerptsAreSmall(t *testing.T) {
	t.Parallel()
	value := encode(t, key, timeline(1000), true)
	first := int64(1_700_000_000_000_000)
	for name, change := range map[string]wire.Change{
		"a new item":   {ID: "posts:1000", Put: true, Date: first + 1000},
		"one between":  {ID: "posts:2000", Put: true, Date: first + 500},
		"a known item": {ID: "posts:700", Put: true, Date: first + 700},
		"a removal":    {ID: "posts:300"},
	} {
		x, ok := wire.Cut(key, value, []wire.Change{change}, wire.Bounds{Limit: 1000})
		if !ok || x.Left < 1000-3*32 {
			t.Errorf("%s: got %d of 1000 entries left, want all but 3 blocks", name, x.Left)
		}
	}
}

// Blocks do not become ever more and smaller, wherever items are put and removed.
func TestBlocksStayLarge(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	value := encode(t, key, timeline(1000), true)
	for n := range 2000 {
		id, version := fmt.Sprint("posts:", random.IntN(2000)), int64(1<<60+n)
		e := state.Entry{
			ID: id, Version: version, Live: true, Date: 1_700_000_000_000_000 + random.Int64N(1000),
			Data: state.Plain(fmt.Appendf(nil, `{"id":%q,"title":"Title number %d"}`, id, version)),
		}
		value = changed(t, value, wire.Change{ID: id, Put: true, Date: e.Date}, func(s *state.State) { s.Put(e) })
	}
	mustBeCompact(t, value)
	s := mustReadT(t, value)
	for n, place := range random.Perm(len(s.Live()))[:900] {
		id := s.Live()[place].ID
		value = changed(t, value, wire.Change{ID: id}, func(s *state.State) { s.RemoveEntry(id, "", int64(1<<61+n)) })
	}
	mustBeCompact(t, value)
}

// Nor do blocks of items without data that are added one by one.
func TestBareBlocksStayLarge(t *testing.T) {
	t.Parallel()
	value := encode(t, key, state.State{}, true)
	for n := range 3000 {
		e := state.Entry{ID: fmt.Sprint("posts:", n), Version: int64(n + 1), Live: true, Date: int64(1_700_000_000_000_000 + n)}
		value = changed(t, value, wire.Change{ID: e.ID, Put: true, Date: e.Date}, func(s *state.State) { s.Put(e) })
	}
	mustBeCompact(t, value)
}

// changed returns the value after a change that was made in a part of it.
func changed(t *testing.T, value []byte, about wire.Change, change func(*state.State)) []byte {
	t.Helper()
	x, ok := wire.Cut(key, value, []wire.Change{about}, wire.Bounds{Limit: 1000})
	if !ok {
		t.Fatal("Cut: it cannot be told apart")
	}
	change(&x.State)
	x.State.Trim(state.NewestFirst, 1000-x.Left)
	value, err := x.Encode(key, true)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// mustBeCompact fails if the same timeline, encoded from scratch, takes much less
// space.
func mustBeCompact(t *testing.T, value []byte) {
	t.Helper()
	s := mustReadT(t, value)
	anew := s.Clone()
	for i := range anew.Entries {
		data, err := anew.Entries[i].Data.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		anew.Entries[i].Data = state.Plain(data)
	}
	if least := len(encode(t, key, anew, true)); len(value) > least*11/10 {
		t.Errorf("got %d bytes, want at most a tenth more than the %d of the same written anew", len(value), least)
	}
}
