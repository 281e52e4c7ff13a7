package state_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
)

// change is one change of a state, and the state whose merge has the same effect.
type change struct {
	text    string
	apply   func(*state.State) state.Verdict
	says    state.State
	version int64
	touches func(state.Entry) bool
}

func (c change) String() string { return c.text }

// live returns the live entries that c affects.
func (c change) live(s state.State) []state.Entry {
	live := slices.DeleteFunc(slices.Clone(s.Entries), func(e state.Entry) bool { return !e.Live || !c.touches(e) })
	for i := range live {
		live[i].Older = 0
	}
	return live
}

func changes() *rapid.Generator[change] {
	return rapid.Custom(func(t *rapid.T) change {
		id, source := rapid.SampledFrom(ids).Draw(t, "id"), rapid.SampledFrom(sources).Draw(t, "source")
		version := versions().Draw(t, "version")
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return removeItem(id, version)
		case 1:
			return removeSource(rapid.SampledFrom(sources[1:]).Draw(t, "removed source"), version)
		case 2:
			return removeEntry(id, source, version)
		default:
			return put(state.Entry{
				ID: id, Source: source, Version: version, Live: true,
				Date: rapid.Int64Range(1, 3).Draw(t, "date"), Data: payloads().Draw(t, "data"),
			})
		}
	})
}

func put(e state.Entry) change {
	return change{
		text:    fmt.Sprintf("put %+v", e),
		apply:   func(s *state.State) state.Verdict { return s.Put(e) },
		says:    state.State{Entries: []state.Entry{e}},
		version: e.Version,
		touches: func(o state.Entry) bool { return o.ID == e.ID && o.Source == e.Source },
	}
}

func removeEntry(id, source string, version int64) change {
	return change{
		text:    fmt.Sprintf("remove entry (%q, %q) at %d", id, source, version),
		apply:   func(s *state.State) state.Verdict { return s.RemoveEntry(id, source, version) },
		says:    state.State{Entries: []state.Entry{{ID: id, Source: source, Version: version}}},
		version: version,
		touches: func(e state.Entry) bool { return e.ID == id && e.Source == source },
	}
}

func removeItem(id string, version int64) change {
	return change{
		text:    fmt.Sprintf("remove item %q at %d", id, version),
		apply:   func(s *state.State) state.Verdict { return s.Remove(id, version) },
		says:    state.State{Items: []state.Cover{{Name: id, Version: version}}},
		version: version,
		touches: func(e state.Entry) bool { return e.ID == id },
	}
}

func removeSource(source string, version int64) change {
	return change{
		text:    fmt.Sprintf("remove source %q at %d", source, version),
		apply:   func(s *state.State) state.Verdict { return s.RemoveSource(source, version) },
		says:    state.State{Sources: []state.Cover{{Name: source, Version: version}}},
		version: version,
		touches: func(e state.Entry) bool { return e.Source == source },
	}
}

func TestEveryChangeIsAMerge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for _, before := range rapid.SliceOfN(states(), 4, 4).Draw(t, "before") {
			for _, c := range rapid.SliceOfN(changes(), 8, 8).Draw(t, "changes") {
				after := before.Clone()
				c.apply(&after)
				mustEqual(t, after, merged(before, c.says), "%v of %+v", c, before)
			}
		}
	})
}

// A verdict says what happened. Done: the state is as the change wanted.
// Superseded: something higher is there. Stale: the state knows nothing about the
// change's target, but its horizon may have swallowed it.
func TestVerdictsAreTrue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := states().Draw(t, "before")
		for _, c := range rapid.SliceOfN(changes(), 16, 16).Draw(t, "changes") {
			after := before.Clone()
			got, want := c.apply(&after), verdictOf(c, before)
			if got != want {
				t.Fatalf("%v of %+v: got verdict %d, want %d; after it %+v", c, before, got, want, after)
			}
			wantLive := slices.DeleteFunc(slices.Clone(c.says.Entries), func(e state.Entry) bool { return !e.Live })
			if d := diff(c.live(after), wantLive); got == state.Done && d != "" {
				t.Fatalf("%v of %+v is done, but the live entries are not as it wants (-want +got)\n%s", c, before, d)
			}
			if got == state.Stale && diff(c.live(after), c.live(before)) != "" {
				t.Fatalf("%v of %+v is stale: got live %+v", c, before, c.live(after))
			}
		}
	})
}

// verdictOf returns the verdict that c must report on a state.
func verdictOf(c change, before state.State) state.Verdict {
	if len(c.says.Entries) == 1 {
		return verdictOfEntry(c.says.Entries[0], before)
	}
	m, after := modelOf(before), merged(before, c.says)
	known := int64(0)
	for covered := range modelOf(c.says).covers {
		known = m.covers[covered]
	}
	switch {
	case len(c.live(after)) > 0 || c.version < known:
		return state.Superseded
	case c.version <= before.Horizon && len(c.live(before)) == 0:
		return state.Stale
	default:
		return state.Done
	}
}

func verdictOfEntry(e state.Entry, before state.State) state.Verdict {
	m, n := modelOf(before), name{e.ID, e.Source}
	now := m.entry(n)
	_, written := m.entries[n]
	switch {
	case !written && m.covered(n) == 0 && e.Version <= before.Horizon:
		return state.Stale
	case diff(higherOf(e, now), e) == "":
		return state.Done
	case e.Live && !written && e.Version <= m.covers[cover{true, e.Source}] && e.Version > m.covers[cover{false, e.ID}]:
		return state.Covered
	default:
		return state.Superseded
	}
}
