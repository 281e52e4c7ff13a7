package wire_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// Whatever engines make of what engines have stored, Decode accepts it. A fleet of
// engines that differ in every option changes values, several values at once if
// they are siblings, and in parts if possible. For comparison, the plain functions
// of package state make the same changes on whole states that were never encoded.
func TestReachableValues(t *testing.T) {
	t.Parallel()
	var n reached
	rapid.Check(t, func(t *rapid.T) {
		f := fleet{random: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), now: 1000, reached: &n}
		f.dates = rapid.SampledFrom([]int64{1, 5, 200, 1 << 40}).Draw(t, "dates")
		f.ids = rapid.SampledFrom([]int{3, 60, 400}).Draw(t, "ids")
		f.sources = rapid.SampledFrom([][]string{{""}, {"s"}, {"", "s"}, {"a", "b", "c"}}).Draw(t, "sources")
		f.size = rapid.SampledFrom([]int{0, 10, 300, 9000}).Draw(t, "bytes of data")
		f.held = []held{{value: encode(t, key, state.State{}, false)}}
		f.write(t, rapid.IntRange(0, 300).Draw(t, "items"))
		for range rapid.IntRange(1, 60).Draw(t, "writes") {
			f.write(t, 1+f.random.IntN(3))
		}
	})
	if n.parts == 0 || n.siblings == 0 || n.horizons == 0 {
		t.Errorf("not all was reached: %+v", n)
	}
}

// reached counts what a test has covered.
type reached struct{ parts, siblings, horizons int }

type fleet struct {
	*reached
	random  *rand.Rand
	now     int64
	dates   int64
	ids     int
	sources []string
	size    int
	held    []held // siblings, and some values that were replaced
}

// held is a value with the state that it should hold.
type held struct {
	value []byte
	want  state.State
}

// write replaces some of the values by one made from them.
func (f *fleet) write(t *rapid.T, changes int) {
	f.random.Shuffle(len(f.held), func(i, j int) { f.held[i], f.held[j] = f.held[j], f.held[i] })
	seen := f.held[:1+f.random.IntN(min(4, len(f.held)))]
	f.now += f.random.Int64N(50) - 10
	bounds := wire.Bounds{Order: state.Order(f.random.IntN(2)), Limit: []int{1, 3, 40, 200, 1000}[f.random.IntN(5)]}
	list, about := f.changes(changes)
	before := f.now - []int64{0, 10, 100, 1 << 40}[f.random.IntN(4)]

	var want state.State
	for _, h := range seen {
		want = state.Merge(want, h.want)
	}
	x, cut := wire.Excerpt{}, false
	if len(seen) == 1 && about != nil {
		x, cut = wire.Cut(key, seen[0].value, about, bounds)
	}
	if !cut {
		x = wire.Whole(merged(t, seen))
	}
	f.count(&x, len(seen), before)
	change(&x.State, list, before, wire.Bounds{Order: bounds.Order, Limit: bounds.Limit - x.Left})
	change(&want, list, before, bounds)
	value, err := x.Encode(key, f.random.IntN(4) > 0)
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	got, err := wire.Decode(key, value)
	if err != nil || diff(got, want) != "" {
		t.Fatalf("of %d values, %d entries left: %v (-want +got)\n%s", len(seen), x.Left, err, diff(got, want))
	}
	if f.random.IntN(3) > 0 { // otherwise the writer had not seen them
		f.held = f.held[len(seen):]
	}
	f.held = append(f.held, held{value, want})
}

func merged(t *rapid.T, all []held) (out state.State) {
	var decoder wire.Decoder
	for i, h := range all {
		s, err := decoder.Decode(key, h.value)
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		if i == 0 {
			out = s
		} else {
			out.Absorb(s)
		}
	}
	return out
}

func (f *fleet) count(x *wire.Excerpt, seen int, before int64) {
	if x.Left > 0 {
		f.parts++
	}
	if seen > 1 {
		f.siblings++
	}
	if s := x.State.Clone(); x.Left > 0 {
		if s.Collect(before); s.Horizon > x.State.Horizon {
			f.horizons++
		}
	}
}

// changes draws changes, and what they touch; nil if they touch everything.
func (f *fleet) changes(n int) (list []drawnChange, about []wire.Change) {
	whole := false
	about = []wire.Change{}
	for range n {
		c := f.change(versionOr(f.random, f.now))
		whole = whole || c.ID == ""
		list, about = append(list, c), append(about, c.Change)
	}
	if whole {
		return list, nil
	}
	return list, about
}

func (f *fleet) change(version int64) drawnChange {
	id, source := f.id(), f.sources[f.random.IntN(len(f.sources))]
	switch f.random.IntN(16) {
	case 0, 1:
		return drawnChange{wire.Change{ID: id}, func(s *state.State) { s.RemoveEntry(id, source, version) }}
	case 2:
		return drawnChange{wire.Change{ID: id}, func(s *state.State) { s.Remove(id, version) }}
	case 3:
		return drawnChange{wire.Change{}, func(s *state.State) { s.RemoveSource(source, version) }}
	}
	e := state.Entry{ID: id, Source: source, Version: version, Live: true, Date: f.random.Int64N(f.dates)}
	if f.random.IntN(100) == 0 {
		e.Date = []int64{math.MinInt64, -1, math.MaxInt64}[f.random.IntN(3)]
	}
	if f.size > 0 && f.random.IntN(4) > 0 {
		data := make([]byte, f.random.IntN(f.size))
		for i := range data {
			data[i] = byte(version) + byte(i%7)
		}
		e.Data = state.Plain(data)
	}
	return drawnChange{wire.Change{ID: id, Put: true, Date: e.Date}, func(s *state.State) { s.Put(e) }}
}

func (f *fleet) id() string {
	n := f.random.IntN(f.ids)
	switch f.random.IntN(16) {
	case 0:
		return fmt.Sprint("likes:", n, ":of")
	case 1:
		return fmt.Sprintf("%x-%d", n, f.random.IntN(3))
	default:
		return fmt.Sprint("posts:", n)
	}
}
