package state_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
)

// Trimming keeps the first items of the order, reports which ones it removed, and
// leaves all tombstones alone.
func TestTrim(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := states().Draw(t, "state")
		order := rapid.SampledFrom([]state.Order{state.NewestFirst, state.OldestFirst}).Draw(t, "order")
		limit := rapid.IntRange(1, 4).Draw(t, "limit")
		after := before.Clone()
		trimmed := after.Trim(order, limit)
		mustBeNormal(t, after, "%+v trimmed to %d", before, limit)

		all := before.Visible(order)
		kept := min(limit, len(all))
		if d := diff(after.Visible(order), all[:kept]); d != "" {
			t.Fatalf("%+v trimmed to %d shows (-want +got)\n%s", before, limit, d)
		}
		want := before.Clone()
		for _, e := range before.Live() {
			if trimmed[e.ID] {
				want.RaiseFloor(order, e.Position(), before.Moment)
			}
		}
		if d := diff(after.Drops, want.Drops); d != "" {
			t.Fatalf("%+v trimmed to %d: drops (-want +got)\n%s", before, limit, d)
		}
		wantTrimmed, dates := map[string]bool{}, map[string]int64{}
		for _, e := range all[kept:] {
			wantTrimmed[e.ID], dates[e.ID] = true, e.Date
		}
		if d := diff(trimmed, wantTrimmed); d != "" {
			t.Fatalf("%+v trimmed to %d says it took out (-want +got)\n%s", before, limit, d)
		}
		was, is := modelOf(before), modelOf(after)
		for n, e := range was.entries {
			want := e
			switch {
			case !e.Live || !trimmed[e.ID]:
			case e.Older > 0 || e.Date != dates[e.ID]:
				want = state.Entry{ID: e.ID, Source: e.Source, Version: max(e.Version, was.horizon)}
			default:
				want = is.entry(n)
				if want.Live || want.Version > before.Horizon && want.Version != was.covered(n) {
					t.Fatalf("%+v trimmed to %d: %v is still there: %+v", before, limit, n, want)
				}
			}
			if d := diff(is.entry(n), want); d != "" {
				t.Fatalf("%+v trimmed to %d: entry %v (-want +got)\n%s", before, limit, n, d)
			}
		}
	})
}

// Collecting removes only the old tombstones, changes nothing visible, and never
// lets an older change in: the new state outweighs the old.
func TestCollect(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := states().Draw(t, "state")
		at := rapid.Int64Range(-1, 11).Draw(t, "before version")
		after := before.Clone()
		after.Collect(at)
		mustBeNormal(t, after, "%+v collected before %d", before, at)
		mustEqual(t, state.Merge(before, after), after, "%+v collected before %d outweighs it", before, at)
		if d := diff(seen(after, state.NewestFirst), seen(before, state.NewestFirst)); d != "" {
			t.Fatalf("%+v collected before %d shows (-before +after)\n%s", before, at, d)
		}
		horizon := before.Horizon
		tombstones := func(s state.State, each func(version int64)) {
			for _, e := range s.Entries {
				if !e.Live {
					each(e.Version)
				}
			}
			for _, version := range modelOf(s).covers {
				each(version)
			}
		}
		tombstones(before, func(version int64) {
			if version < at {
				horizon = max(horizon, version)
			}
		})
		if after.Horizon != horizon {
			t.Fatalf("%+v collected before %d: got horizon %d, want %d", before, at, after.Horizon, horizon)
		}
		tombstones(after, func(version int64) {
			if version < at {
				t.Fatalf("%+v collected before %d: a tombstone of %d is left: %+v", before, at, version, after)
			}
		})
		// A replay of what the collected tombstones kept out is stale.
		for _, c := range before.Items {
			e := state.Entry{ID: c.Name, Version: c.Version, Live: true}
			if _, written := modelOf(after).entries[name{e.ID, e.Source}]; written || c.Version >= at {
				continue
			}
			if got := after.Put(e); got != state.Stale {
				t.Fatalf("%+v collected before %d, replay of %+v: got verdict %d, want Stale", before, at, e, got)
			}
		}
	})
}

// Raising the horizon keeps what is live and every tombstone above it, and lets
// nothing older in.
func TestRaise(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := states().Draw(t, "state")
		horizon := versions().Draw(t, "horizon")
		after := before.Clone()
		after.Raise(horizon)
		mustBeNormal(t, after, "%+v raised to %d", before, horizon)
		if want := max(horizon, before.Horizon); after.Horizon != want {
			t.Fatalf("%+v raised to %d: got horizon %d, want %d", before, horizon, after.Horizon, want)
		}
		mustEqual(t, state.Merge(before, after), after, "%+v raised to %d outweighs it", before, horizon)
		if d := diff(seen(after, state.NewestFirst), seen(before, state.NewestFirst)); d != "" {
			t.Fatalf("%+v raised to %d shows (-want +got)\n%s", before, horizon, d)
		}
		was, is := modelOf(before), modelOf(after)
		for _, id := range ids {
			for _, source := range sources {
				n := name{id, source}
				want := was.entry(n)
				if !want.Live {
					want.Version = max(want.Version, horizon, before.Horizon)
				}
				if got := is.entry(n); got.Live != want.Live || got.Version != want.Version {
					t.Fatalf("%+v raised to %d: got %+v, want %+v", before, horizon, got, want)
				}
				old := state.Entry{ID: id, Source: source, Version: horizon, Live: true, Date: 9}
				if s := after.Clone(); !want.Live && (s.Put(old) == state.Done || !equal(s, after)) {
					t.Fatalf("%+v raised to %d takes a put of %d", before, horizon, horizon)
				}
			}
		}
	})
}
