package timak_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/internal/eachstore"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
)

// truth is one row of the truth table of versions: what was done to item a, an op,
// what Apply reports of it, and the data that a then shows, or "" if it does not
// show.
type truth struct {
	about string
	first []timak.Op
	op    timak.Op
	want  timak.Outcome
	shows string
}

func put(version int64, data string) timak.Op {
	return timak.Put(timak.Item{ID: "a", At: at(7), Data: []byte(data)}).WithVersion(version)
}

func remove(version int64) timak.Op      { return timak.Remove("a").WithVersion(version) }
func removeEntry(version int64) timak.Op { return timak.RemoveEntry("a", "").WithVersion(version) }

func truthTable() []truth {
	ops := func(ops ...timak.Op) []timak.Op { return ops }
	// In rows about the horizon this expires at the next write.
	horizon5 := timak.Remove("expired").WithVersion(5)
	return []truth{
		{"absent, put v1", nil, put(1, "new"), timak.Applied, "new"},

		{"live v2, put v1", ops(put(2, "old")), put(1, "new"), timak.Superseded, "old"},
		{"live v1, put v1, same data", ops(put(1, "old")), put(1, "old"), timak.Applied, "old"},
		{"live v1, put v1, larger data", ops(put(1, "old")), put(1, "older"), timak.Applied, "older"},
		{"live v1, put v1, smaller data", ops(put(1, "old")), put(1, "new"), timak.Superseded, "old"},
		{"live v1, put v2", ops(put(1, "old")), put(2, "new"), timak.Applied, "new"},

		{"live v2, remove v1", ops(put(2, "old")), remove(1), timak.Superseded, "old"},
		{"live v1, remove v1", ops(put(1, "old")), remove(1), timak.Applied, ""},
		{"live v1, remove v2", ops(put(1, "old")), remove(2), timak.Applied, ""},
		{"live v2, remove entry v1", ops(put(2, "old")), removeEntry(1), timak.Superseded, "old"},
		{"live v1, remove entry v1", ops(put(1, "old")), removeEntry(1), timak.Applied, ""},
		{"live v1, remove entry v2", ops(put(1, "old")), removeEntry(2), timak.Applied, ""},

		{"removed v2, put v1", ops(put(1, "old"), remove(2)), put(1, "new"), timak.Superseded, ""},
		{"removed v2, put v2", ops(put(1, "old"), remove(2)), put(2, "new"), timak.Superseded, ""},
		{"removed v2, put v3", ops(put(1, "old"), remove(2)), put(3, "new"), timak.Applied, "new"},
		{"removed v2, remove v1", ops(remove(2)), remove(1), timak.Superseded, ""},
		{"removed v2, remove v2", ops(remove(2)), remove(2), timak.Applied, ""},
		{"removed v2, remove v3", ops(remove(2)), remove(3), timak.Applied, ""},

		{"entry removed v2, put v1", ops(put(1, "old"), removeEntry(2)), put(1, "new"), timak.Superseded, ""},
		{"entry removed v2, put v2", ops(put(1, "old"), removeEntry(2)), put(2, "new"), timak.Superseded, ""},
		{"entry removed v2, put v3", ops(put(1, "old"), removeEntry(2)), put(3, "new"), timak.Applied, "new"},
		{"entry removed v2, remove entry v1", ops(removeEntry(2)), removeEntry(1), timak.Superseded, ""},
		{"entry removed v2, remove entry v2", ops(removeEntry(2)), removeEntry(2), timak.Applied, ""},
		{"entry removed v2, remove entry v3", ops(removeEntry(2)), removeEntry(3), timak.Applied, ""},

		{"absent, remove v1", nil, remove(1), timak.Applied, ""},
		{"absent, remove entry v1", nil, removeEntry(1), timak.Applied, ""},
		{"absent, removed v2, late put v1", ops(remove(2)), put(1, "late"), timak.Superseded, ""},
		{"absent, entry removed v2, late put v1", ops(removeEntry(2)), put(1, "late"), timak.Superseded, ""},

		{"absent, horizon 5, put v4", ops(horizon5), put(4, "new"), timak.Stale, ""},
		{"absent, horizon 5, put v5", ops(horizon5), put(5, "new"), timak.Stale, ""},
		{"absent, horizon 5, put v6", ops(horizon5), put(6, "new"), timak.Applied, "new"},
		{"absent, horizon 5, remove v5", ops(horizon5), remove(5), timak.Stale, ""},
		{"absent, horizon 5, remove entry v5", ops(horizon5), removeEntry(5), timak.Stale, ""},
		{"live v3, horizon 5, put v4", ops(put(3, "old"), horizon5), put(4, "new"), timak.Applied, "new"},
		{"live v3, horizon 5, remove v4", ops(put(3, "old"), horizon5), remove(4), timak.Applied, ""},
	}
}

// start returns the replica that a row starts from. In the rows about the horizon
// its tombstones have expired; in the others they never do.
func (row truth) start(t *testing.T, store driver.Store) replica {
	t.Helper()
	var opts timak.Options
	if strings.Contains(row.about, "horizon") {
		opts = timak.Options{Clock: clockAt(7).Now, TombstoneTTL: time.Microsecond}
	}
	r := replicaOver(store, opts)
	r.apply(t, row.first...)
	r.merge(t)
	return r
}

func TestTruthTable(t *testing.T) {
	t.Parallel()
	eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
		for _, row := range truthTable() {
			t.Run(row.about, func(t *testing.T) {
				written := row.start(t, open())
				if got := written.apply(t, row.op)[0]; got.Outcome != row.want {
					t.Errorf("got %v, want %v", got.Outcome, row.want)
				}
				row.wantShown(t, written, "written")

				alone := replicaOver(open(), timak.Options{})
				alone.apply(t, row.op)
				siblings := append(row.start(t, open()).siblings(t), alone.siblings(t)...)
				for range 2 {
					merged := replicaOver(open(), timak.Options{})
					merged.receive(t, siblings...)
					row.wantShown(t, merged, "merged on read")
					merged.merge(t)
					row.wantShown(t, merged, "merged and stored")
					slices.Reverse(siblings)
				}
			})
		}
	})
}

func (row truth) wantShown(t *testing.T, r replica, how string) {
	t.Helper()
	var want []timak.Item
	if row.shows != "" {
		want = []timak.Item{{ID: "a", At: at(7), Data: []byte(row.shows)}}
	}
	if d := diff(r.items(t), want); d != "" {
		t.Errorf("%s (-want +got)\n%s", how, d)
	}
}
