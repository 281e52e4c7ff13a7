package state_test

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
)

// A property that fails prints the shrunk case and a seed; go test -run NAME
// -rapid.seed=SEED runs the same cases again.

// model is a naive state: maps, and one rule for everything.
type model struct {
	horizon int64
	entries map[name]state.Entry
	covers  map[cover]int64
	moment  int64
	drops   map[state.Drop]bool
	heals   map[state.Heal]bool
}

type name struct{ id, source string }

// cover names a removed item, or a removed source if source is set.
type cover struct {
	source bool
	name   string
}

func modelOf(s state.State) model {
	m := model{s.Horizon, map[name]state.Entry{}, map[cover]int64{}, s.Moment, map[state.Drop]bool{}, map[state.Heal]bool{}}
	for _, d := range s.Drops {
		m.drops[d] = true
	}
	for _, h := range s.Heals {
		m.heals[h] = true
	}
	for _, e := range s.Entries {
		m.entries[name{e.ID, e.Source}] = e
	}
	for _, c := range s.Items {
		m.covers[cover{false, c.Name}] = c.Version
	}
	for _, c := range s.Sources {
		m.covers[cover{true, c.Name}] = c.Version
	}
	return m
}

func (m model) covered(n name) int64 {
	return max(m.covers[cover{false, n.id}], m.covers[cover{true, n.source}])
}

// entry returns the register of n: what is stored, or what its absence means.
func (m model) entry(n name) state.Entry {
	if e, ok := m.entries[n]; ok {
		return e
	}
	return state.Entry{ID: n.id, Source: n.source, Version: max(m.horizon, m.covered(n))}
}

// state returns the model's state in normal form.
func (m model) state() state.State {
	s := state.State{Horizon: m.horizon, Moment: m.moment, Drops: m.sortedDrops(), Heals: m.sortedHeals()}
	for n, e := range m.entries {
		covered := m.covered(n)
		if e.Version < covered || e.Live && e.Version == covered {
			e = state.Entry{ID: n.id, Source: n.source, Version: covered}
		}
		if e.Older <= max(m.horizon, covered) {
			e.Older = 0
		}
		if e.Live || e.Version != max(m.horizon, covered) {
			s.Entries = append(s.Entries, e)
		}
	}
	for c, version := range m.covers {
		switch {
		case version <= m.horizon:
		case c.source:
			s.Sources = append(s.Sources, state.Cover{Name: c.name, Version: version})
		default:
			s.Items = append(s.Items, state.Cover{Name: c.name, Version: version})
		}
	}
	slices.SortFunc(s.Entries, func(a, b state.Entry) int {
		switch {
		case a.Live != b.Live:
			if a.Live {
				return -1
			}
			return 1
		case a.Live:
			return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(len(b.ID), len(a.ID)), cmp.Compare(b.ID, a.ID), cmp.Compare(a.Source, b.Source))
		default:
			return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Source, b.Source))
		}
	})
	byName := func(a, b state.Cover) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(s.Items, byName)
	slices.SortFunc(s.Sources, byName)
	return s
}

// higherOf is the order of registers: version, dead over live, date, data.
func higherOf(a, b state.Entry) state.Entry {
	dead := func(e state.Entry) int {
		if e.Live {
			return 0
		}
		return 1
	}
	if cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(dead(a), dead(b)),
		cmp.Compare(a.Date, b.Date), bytes.Compare(plain(a), plain(b))) < 0 {
		return b
	}
	return a
}

// joined is what two registers say together: the higher one, and the highest
// version that it outweighs and that says something else.
func joined(a, b state.Entry) state.Entry {
	high, low := higherOf(a, b), b
	if diff(high, b) == "" {
		low = a
	}
	if !high.Live {
		return high
	}
	high.Older = max(high.Older, low.Older)
	if !low.Live || low.Date != high.Date {
		high.Older = max(high.Older, low.Version)
	}
	return high
}

// merged is what state.Merge must return.
func merged(states ...state.State) state.State {
	out := modelOf(state.State{})
	for _, s := range states {
		m, next := modelOf(s), model{max(out.horizon, s.Horizon), map[name]state.Entry{}, maps.Clone(out.covers), max(out.moment, s.Moment), maps.Clone(out.drops), maps.Clone(out.heals)}
		maps.Copy(next.drops, m.drops)
		maps.Copy(next.heals, m.heals)
		for c, version := range m.covers {
			next.covers[c] = max(next.covers[c], version)
		}
		for n := range m.entries {
			next.entries[n] = joined(m.entry(n), out.entry(n))
		}
		for n := range out.entries {
			next.entries[n] = joined(m.entry(n), out.entry(n))
		}
		out = modelOf(next.state())
	}
	return out.state()
}

var (
	ids     = []string{"x", "y", "z"}
	sources = []string{"", "p", "q"}
)

// A generator must not be shared by parallel tests, so each test makes its own.

func versions() *rapid.Generator[int64] { return rapid.Int64Range(1, 9) }

func payloads() *rapid.Generator[state.Data] {
	return rapid.SampledFrom([]state.Data{{}, state.Plain([]byte("a")), state.Plain([]byte("b"))})
}

func plain(e state.Entry) []byte {
	data, err := e.Data.Bytes()
	if err != nil {
		panic(err)
	}
	return data
}

// states draws any state in normal form over a few names and versions, so that
// ties and overlaps are common.
func states() *rapid.Generator[state.State] {
	return rapid.Custom(func(t *rapid.T) state.State {
		m := model{rapid.SampledFrom([]int64{0, 0, 2, 5, 8}).Draw(t, "horizon"), map[name]state.Entry{}, map[cover]int64{}, rapid.Int64Range(0, 9).Draw(t, "moment"), drops(t), heals(t)}
		for _, id := range ids {
			for _, source := range sources {
				if e := entries(id, source).Draw(t, "entry"); e.Version > 0 {
					m.entries[name{id, source}] = e
				}
			}
		}
		for _, id := range ids {
			m.covers[cover{false, id}] = sometimes(t, "item")
		}
		for _, source := range sources[1:] {
			m.covers[cover{true, source}] = sometimes(t, "source")
		}
		return m.state()
	})
}

// sometimes draws a version, or 0 for none.
func sometimes(t *rapid.T, label string) int64 {
	return rapid.SampledFrom([]int64{0, 0, 0, 0, 0, 0, 1, 3, 4, 5, 6, 9}).Draw(t, label)
}

// entries draws a register; version 0 means none.
func entries(id, source string) *rapid.Generator[state.Entry] {
	return rapid.Custom(func(t *rapid.T) state.Entry {
		e := state.Entry{ID: id, Source: source, Version: rapid.Int64Range(-6, 9).Draw(t, "version")}
		if e.Version < 1 {
			return state.Entry{}
		}
		if e.Live = rapid.IntRange(0, 9).Draw(t, "live") < 6; e.Live {
			e.Date, e.Data = rapid.Int64Range(1, 3).Draw(t, "date"), payloads().Draw(t, "data")
			e.Older = rapid.Int64Range(0, e.Version).Draw(t, "older")
		}
		return e
	})
}

// equal compares states; nil and empty count as equal.
func equal(a, b state.State) bool {
	return a.Horizon == b.Horizon && a.Moment == b.Moment && slices.Equal(a.Drops, b.Drops) && slices.Equal(a.Heals, b.Heals) && slices.Equal(a.Items, b.Items) && slices.Equal(a.Sources, b.Sources) &&
		slices.EqualFunc(a.Entries, b.Entries, func(a, b state.Entry) bool {
			return a.ID == b.ID && a.Source == b.Source && a.Version == b.Version && a.Live == b.Live &&
				a.Date == b.Date && a.Older == b.Older && a.Data.Equal(b.Data)
		})
}

func diff(got, want any) string { return gocmp.Diff(want, got, cmpopts.EquateEmpty()) }

// mustEqual fails the test unless got is want and in normal form.
func mustEqual(t rapid.TB, got, want state.State, format string, args ...any) {
	t.Helper()
	if !equal(got, want) {
		t.Errorf(format, args...)
		t.Fatalf("got %+v\nwant %+v\n(-want +got)\n%s", got, want, diff(got, want))
	}
	mustBeNormal(t, got, format, args...)
}

func mustBeNormal(t rapid.TB, got state.State, format string, args ...any) {
	t.Helper()
	if got.Abnormal() != nil || !equal(got, modelOf(got).state()) {
		t.Errorf(format, args...)
		t.Fatalf("not in normal form: got %+v\nwant %+v", got, modelOf(got).state())
	}
}

// The generator and the model are checked too: drawn states are in normal form, and
// the model obeys the laws that the engine must obey.
func TestModelIsLawful(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := states().Draw(t, "a"), states().Draw(t, "b"), states().Draw(t, "c")
		mustBeNormal(t, a, "a drawn state")
		mustEqual(t, merged(a, a), a, "idempotent: %+v", a)
		mustEqual(t, merged(a, b), merged(b, a), "commutes: %+v, %+v", a, b)
		mustEqual(t, merged(merged(a, b), c), merged(a, merged(b, c)), "associates: %+v, %+v, %+v", a, b, c)
	})
}
