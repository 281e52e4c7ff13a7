package timak_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/internal/eachstore"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
)

// removedAt is the version of the removal in these tests. Earlier puts have lower
// versions.
const removedAt = 10

// A replica that knows of a removal never shows the removed item again, whatever is
// replayed, duplicated or reordered, from old siblings, on a full timeline, and
// after the tombstone has expired. It may show what was put again.
func TestRemovedStaysRemoved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		removal := step{
			kind: rapid.SampledFrom([]kind{dropEntry, dropItem, dropSource}).Draw(t, "kind of removal"),
			id:   "1", source: "p", version: removedAt,
		}
		opts := options().Draw(t, "options")
		opts.TombstoneTTL = 5 * time.Microsecond
		rs := newReplicas(t, opts)
		known := make([]bool, len(rs.all))
		history := []step{}
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			writer := rs.draw(t, "writer")
			switch rapid.IntRange(0, 7).Draw(t, "event") {
			case 0, 1:
				to, heard := rs.send(t, func(i int) bool { return known[i] })
				known[to] = known[to] || heard
			case 2:
				rs.now.set(rapid.Int64Range(1, 40).Draw(t, "now"))
			case 3:
				rs.all[writer].apply(t, removal.op())
				known[writer] = true
			case 4, 5:
				if len(history) > 0 {
					rs.all[writer].apply(t, rapid.SampledFrom(history).Draw(t, "replay").op())
				}
			default:
				s := putAround().Draw(t, "put")
				history = append(history, s)
				rs.all[writer].apply(t, s.op())
			}
			for i, r := range rs.all {
				if known[i] {
					mustNotShow(t, r, removal)
				}
			}
		}
	})
}

// putAround draws a put of a removed item or of another one. Its data contains its
// version.
func putAround() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		s := step{
			id: rapid.SampledFrom([]string{"1", "1", "2", "3"}).Draw(t, "id"), source: someSources().Draw(t, "source"),
			date: someDates().Draw(t, "date"), version: rapid.Int64Range(1, 20).Draw(t, "version"),
		}
		s.data = fmt.Sprint(s.version)
		return s
	})
}

func mustNotShow(t *rapid.T, r replica, removal step) {
	t.Helper()
	for _, item := range r.items(t) {
		var version int64
		if _, err := fmt.Sscan(string(item.Data), &version); err != nil {
			t.Fatalf("item %+v: %v", item, err)
		}
		if removal.touches(entry{item.ID, item.Source}) && version <= removedAt {
			t.Fatalf("%v: it shows again: %+v", removal, item)
		}
	}
}

// Once its tombstone has expired, a replayed put of a removed item is stale, and so
// is its removal; a new put shows.
func TestReplayAfterExpiry(t *testing.T) {
	t.Parallel()
	eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
		for _, removal := range []step{
			{kind: dropEntry, id: "1", source: "p", version: removedAt},
			{kind: dropItem, id: "1", version: removedAt},
			{kind: dropSource, source: "p", version: removedAt},
		} {
			now := clockAt(20)
			r := replicaOver(open(), timak.Options{Clock: now.Now, TombstoneTTL: 15 * time.Microsecond})
			put := step{id: "1", source: "p", version: 9}
			r.apply(t, put.op(), removal.op())
			old := r.siblings(t)
			for _, tt := range []struct {
				now  int64
				want timak.Outcome
			}{
				{20, timak.Superseded},
				{25, timak.Superseded}, // exactly as old as the TTL
				{26, timak.Stale},
				{1000, timak.Stale},
				{20, timak.Stale}, // a clock that goes back brings nothing back
			} {
				now.set(tt.now)
				r.apply(t) // any write collects
				if got := r.apply(t, put.op())[0].Outcome; got != tt.want {
					t.Errorf("%v, then at %d %v: got %v, want %v", removal, tt.now, put, got, tt.want)
				}
				r.receive(t, old...)
				wantIDs(t, r, removal.String())
			}
			if got := r.apply(t, removal.op())[0].Outcome; got != timak.Stale {
				t.Errorf("%v again: got %v, want stale", removal, got)
			}
			put.version = 0
			if got := r.apply(t, put.op())[0]; got.Outcome != timak.Applied || got.Version <= removedAt {
				t.Errorf("%v, then %v: got %+v, want it applied above the horizon", removal, put, got)
			}
			wantIDs(t, r, "put anew", "1")
		}
	})
}

// A put that is older than what its own write collects is stale. If it were
// applied, a sibling that collected the same would outweigh it.
func TestPutBelowWhatItsWriteForgets(t *testing.T) {
	t.Parallel()
	now := clockAt(6)
	opts := timak.Options{Clock: now.Now, TombstoneTTL: 5 * time.Microsecond}
	one, other := newReplica(opts), newReplica(opts)
	one.apply(t, timak.Remove("gone").WithVersion(5))
	other.receive(t, one.siblings(t)...)

	now.set(11)
	got := one.apply(t, timak.Put(timak.Item{ID: "late"}).WithVersion(4))[0].Outcome
	other.apply(t, timak.Put(timak.Item{ID: "new"}))
	one.receive(t, other.siblings(t)...)
	if got != timak.Stale {
		t.Errorf("late put: got %v, want stale", got)
	}
	wantIDs(t, one, "together with the sibling", "new")
}
