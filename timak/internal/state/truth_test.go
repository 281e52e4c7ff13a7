package state_test

import (
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
)

// truth is one row of the truth table: what a state says of item a, a change, and
// what the state says afterwards.
type truth struct {
	about  string
	before state.State
	change change
	want   state.State
	ends   state.Verdict
}

func live(version int64, data string) state.Entry {
	return state.Entry{ID: "a", Version: version, Live: true, Date: 7, Data: state.Plain([]byte(data))}
}

// older is live, and keeps out everything at or below a version.
func older(version, than int64) state.Entry {
	return state.Entry{ID: "a", Version: version, Live: true, Date: 7, Older: than}
}

func dead(version int64) state.Entry { return state.Entry{ID: "a", Version: version} }

func only(e state.Entry) state.State { return state.State{Entries: []state.Entry{e}} }

// truthTable covers every kind of change of an entry, including both ways to remove
// an item and the ties that the order of registers decides.
func truthTable() []truth {
	covered := func(version int64) state.State {
		return state.State{Items: []state.Cover{{Name: "a", Version: version}}}
	}
	gone := func(version int64) change { return removeItem("a", version) }
	dies := func(version int64) change { return removeEntry("a", "", version) }
	h5 := state.State{Horizon: 5}
	return []truth{
		{"absent, put v1", state.State{}, put(live(1, "")), only(live(1, "")), state.Done},
		{"live v2, put v1", only(live(2, "")), put(live(1, "")), only(live(2, "")), state.Superseded},
		{"live v1, put v1, same data", only(live(1, "")), put(live(1, "")), only(live(1, "")), state.Done},
		{"live v1, put v1, larger data", only(live(1, "a")), put(live(1, "b")), only(live(1, "b")), state.Done},
		{"live v1, put v1, smaller data", only(live(1, "b")), put(live(1, "a")), only(live(1, "b")), state.Superseded},
		{"live v1, put v2", only(live(1, "b")), put(live(2, "a")), only(live(2, "a")), state.Done},

		{"live v2, remove v1", only(live(2, "")), dies(1), only(older(2, 1)), state.Superseded},
		{"live v1, remove v1", only(live(1, "")), dies(1), only(dead(1)), state.Done},
		{"live v1, remove v2", only(live(1, "")), dies(2), only(dead(2)), state.Done},
		{"live v1, remove item v1", only(live(1, "")), gone(1), covered(1), state.Done},
		{"live v1, remove item v2", only(live(1, "")), gone(2), covered(2), state.Done},

		{"dead v2, put v1", only(dead(2)), put(live(1, "")), only(dead(2)), state.Superseded},
		{"dead v1, put v1", only(dead(1)), put(live(1, "")), only(dead(1)), state.Superseded},
		{"dead v1, put v2", only(dead(1)), put(live(2, "")), only(older(2, 1)), state.Done},
		{"dead v2, remove v1", only(dead(2)), dies(1), only(dead(2)), state.Superseded},
		{"dead v1, remove v1", only(dead(1)), dies(1), only(dead(1)), state.Done},
		{"dead v1, remove v2", only(dead(1)), dies(2), only(dead(2)), state.Done},

		{"item removed v2, put v1", covered(2), put(live(1, "")), covered(2), state.Superseded},
		{"item removed v1, put v1", covered(1), put(live(1, "")), covered(1), state.Superseded},
		{"item removed v2, remove item v1", covered(2), gone(1), covered(2), state.Superseded},
		{"item removed v1, remove item v2", covered(1), gone(2), covered(2), state.Done},

		{"absent, remove v1", state.State{}, dies(1), only(dead(1)), state.Done},
		{"absent, remove item v1", state.State{}, gone(1), covered(1), state.Done},

		{"absent, horizon 5, put v4", h5, put(live(4, "")), h5, state.Stale},
		{"absent, horizon 5, put v5", h5, put(live(5, "")), h5, state.Stale},
		{"absent, horizon 5, put v6", h5, put(live(6, "")), state.State{Horizon: 5, Entries: []state.Entry{live(6, "")}}, state.Done},
		{"absent, horizon 5, remove v5", h5, dies(5), h5, state.Stale},
		{"absent, horizon 5, remove item v5", h5, gone(5), h5, state.Stale},
		{"absent, horizon 5, remove v6", h5, dies(6), state.State{Horizon: 5, Entries: []state.Entry{dead(6)}}, state.Done},
	}
}

func TestTruthTable(t *testing.T) {
	t.Parallel()
	for _, row := range truthTable() {
		t.Run(row.about, func(t *testing.T) {
			t.Parallel()
			got := row.before.Clone()
			verdict := row.change.apply(&got)
			mustEqual(t, got, row.want, "%v of %+v", row.change, row.before)
			if verdict != row.ends {
				t.Errorf("%v of %+v: got verdict %d, want %d", row.change, row.before, verdict, row.ends)
			}
			mustEqual(t, state.Merge(row.before, row.change.says), row.want, "%+v merged with %+v", row.before, row.change.says)
			mustEqual(t, state.Merge(row.change.says, row.before), row.want, "%+v merged with %+v", row.change.says, row.before)
		})
	}
}

// A source is removed with all its items, and no other source is affected.
func TestRemoveSourceTruth(t *testing.T) {
	t.Parallel()
	entry := func(id, source string, version int64) state.Entry {
		return state.Entry{ID: id, Source: source, Version: version, Live: true, Date: version}
	}
	before := state.State{Entries: []state.Entry{
		entry("c", "p", 3), entry("b", "p", 2), entry("d", "", 1), entry("a", "p", 1), entry("a", "q", 1),
	}}
	got := before.Clone()
	verdict := got.RemoveSource("p", 2)
	mustEqual(t, got, state.State{
		Entries: []state.Entry{entry("c", "p", 3), entry("d", "", 1), entry("a", "q", 1)},
		Sources: []state.Cover{{Name: "p", Version: 2}},
	}, "remove source p at 2 of %+v", before)
	if verdict != state.Superseded { // c was put later
		t.Errorf("got verdict %d, want Superseded", verdict)
	}
	if verdict := got.RemoveSource("p", 3); verdict != state.Done {
		t.Errorf("again at 3: got verdict %d, want Done", verdict)
	}
	if verdict := got.Put(entry("e", "p", 3)); verdict != state.Covered {
		t.Errorf("a late put that the source's removal covers: got verdict %d, want Covered", verdict)
	}
}
