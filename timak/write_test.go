package timak_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/timak-go/timak/timak"
)

// An op without a version beats everything its writer has seen, also within one
// microsecond, and on a clock that stands still or goes back.
func TestLaterOpsStand(t *testing.T) {
	t.Parallel()
	add, del := timak.Put(timak.Item{ID: "a"}), timak.Remove("a")
	delEntry := timak.RemoveEntry("a", "")
	for _, times := range [][]int64{{10, 10, 10}, {10, 9, 8}, {10, 1, 10}, {10, 11, 12}, {-5, -5, -5}, {0, 0, 0}} {
		for _, tt := range []struct {
			name string
			ops  []timak.Op
			want []string
		}{
			{"add, delete", []timak.Op{add, del}, nil},
			{"add, delete, add", []timak.Op{add, del, add}, []string{"a"}},
			{"delete, add", []timak.Op{del, add}, []string{"a"}},
			{"delete, add, delete", []timak.Op{del, add, del}, nil},
			{"add, delete entry, add", []timak.Op{add, delEntry, add}, []string{"a"}},
			{"delete entry, add, delete entry", []timak.Op{delEntry, add, delEntry}, nil},
		} {
			now := clockAt(times[0])
			together, apart := newReplica(timak.Options{Clock: now.Now}), newReplica(timak.Options{Clock: now.Now})
			results := together.apply(t, tt.ops...)
			wantIDs(t, together, fmt.Sprint(tt.name, " in one write, at ", times[0]), tt.want...)
			for i, op := range tt.ops {
				now.set(times[i])
				result := apart.apply(t, op)[0]
				if times[0] == times[i] && result != results[i] {
					t.Errorf("%s: op %d got %+v in a write of its own, %+v in one with all", tt.name, i, result, results[i])
				}
			}
			wantIDs(t, apart, fmt.Sprint(tt.name, " at ", times), tt.want...)
		}
	}
}

func TestVersionsGiven(t *testing.T) {
	t.Parallel()
	now := clockAt(100)
	r := newReplica(timak.Options{Clock: now.Now})
	put := func(id, source string) timak.Op { return timak.Put(timak.Item{ID: id, Source: source}) }
	for _, tt := range []struct {
		about string
		op    timak.Op
		want  int64
	}{
		{"the clock's time", put("a", "p"), 100},
		{"the next, in one microsecond", put("a", "p"), 101},
		{"of another entry, the clock's", put("a", "q"), 100},
		{"an explicit one", put("a", "q").WithVersion(150), 150},
		{"0 is none", put("a", "q").WithVersion(0), 151},
		{"above each source's", timak.Remove("a"), 152},
		{"above the removed item", put("a", "r"), 153},
		{"of another item, the clock's", put("b", "p"), 100},
		{"above each item's", timak.RemoveSource("r"), 154},
		{"above the removed source", put("c", "r"), 155},
		{"above the removed source, to remove", timak.RemoveEntry("d", "r"), 155},
	} {
		if got := r.apply(t, tt.op)[0]; got != (timak.Result{Outcome: timak.Applied, Version: tt.want}) {
			t.Errorf("%s: %+v: got %+v, want it applied at %d", tt.about, tt.op, got, tt.want)
		}
	}
}

func TestRedating(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.numbered(t, 3)
	put := func(id string, date int64) timak.Op { return timak.Put(timak.Item{ID: id, At: at(date)}) }
	r.apply(t, put("3", 0))
	wantIDs(t, r, "3 re-dated to the past", "2", "1", "3")
	r.apply(t, put("1", 9))
	wantIDs(t, r, "1 re-dated to the future", "1", "2", "3")
	got := r.items(t)
	if want := []timak.Item{{ID: "1", At: at(9)}, {ID: "2", At: at(2)}, {ID: "3", At: at(0)}}; diff(got, want) != "" {
		t.Errorf("(-want +got)\n%s", diff(got, want))
	}
}

// An item that was re-dated, or removed and put again, and then falls off the end
// of a full timeline, leaves a tombstone: the older put does not bring it back.
func TestRedatedOffTheEnd(t *testing.T) {
	t.Parallel()
	put := func(id string, date, version int64) timak.Op {
		return timak.Put(timak.Item{ID: id, At: at(date)}).WithVersion(version)
	}
	gone := timak.RemoveEntry("a", "").WithVersion(2)
	for _, tt := range []struct {
		name string
		ops  []timak.Op
	}{
		{"re-dated", []timak.Op{put("a", 9, 1), put("b", 2, 1), put("a", 1, 3), put("c", 3, 1)}},
		{"re-dated, in the other order", []timak.Op{put("a", 1, 3), put("a", 9, 1), put("b", 2, 1), put("c", 3, 1)}},
		{"removed, and put at an early date", []timak.Op{put("a", 9, 1), gone, put("a", 1, 3), put("b", 2, 1), put("c", 3, 1)}},
		{"full before it came", []timak.Op{put("b", 2, 1), put("c", 3, 1), gone, put("a", 1, 3)}},
	} {
		for _, together := range []bool{false, true} {
			r := newReplica(timak.Options{MaxItems: 2})
			if together {
				r.apply(t, tt.ops...)
			} else {
				for _, op := range tt.ops {
					r.apply(t, op)
				}
			}
			wantIDs(t, r, tt.name, "c", "b")
			r.apply(t, timak.Remove("b")) // makes room
			if got := r.apply(t, put("a", 9, 1))[0].Outcome; got != timak.Superseded {
				t.Errorf("%s, together %v, then its older put: got %v, want superseded", tt.name, together, got)
			}
			wantIDs(t, r, tt.name, "c")
		}
	}
}

// An item that its newest source's date pushes off the end does not show at the
// date of another source whose put is replayed.
func TestHiddenSourceOffTheEnd(t *testing.T) {
	t.Parallel()
	put := func(id, source string, date, version int64) timak.Op {
		return timak.Put(timak.Item{ID: id, Source: source, At: at(date)}).WithVersion(version)
	}
	r := newReplica(timak.Options{MaxItems: 2})
	hidden := put("a", "q", 9, 1)
	r.apply(t, hidden, put("a", "p", 1, 2), put("b", "", 2, 1), put("c", "", 3, 1))
	if got := r.apply(t, hidden)[0].Outcome; got != timak.Superseded {
		t.Errorf("the hidden source's put again: got %v, want superseded", got)
	}
	wantIDs(t, r, "afterwards", "c", "b")
}

// The engine neither keeps the caller's bytes nor gives out the same bytes twice.
func TestDataIsCopied(t *testing.T) {
	t.Parallel()
	for _, uncompressed := range []bool{false, true} {
		r := newReplica(timak.Options{Uncompressed: uncompressed})
		data := []byte("data")
		added, err := r.Add(t.Context(), key, timak.Item{ID: "a", Data: data})
		if err != nil {
			t.Fatal(err)
		}
		data[0] = 'X'
		if got := string(added.Items()[0].Data); got != "data" {
			t.Errorf("the added timeline, after its data was overwritten: got %q", got)
		}
		copy(added.Items()[0].Data, "YYYY")
		for range 2 {
			got := r.items(t)[0].Data
			if string(got) != "data" {
				t.Errorf("uncompressed %v: got %q, want what was added", uncompressed, got)
			}
			copy(append(got, "beyond"...), "ZZZZ")
		}
	}
}

// The slice that Items returns belongs to the caller.
func TestItemsIsACopy(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.numbered(t, 2)
	timeline, err := r.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	timeline.Items()[0].ID = "changed"
	timeline.IDs()[1] = "changed"
	if got := timeline.IDs(); !slices.Equal(got, []string{"2", "1"}) || timeline.Len() != 2 {
		t.Errorf("got %q, want 2, 1", got)
	}
}

// A write that changes nothing stores nothing; a write that finds siblings replaces
// them by one value.
func TestNothingToStore(t *testing.T) {
	t.Parallel()
	store, puts := countingPuts()
	r := replicaOver(store, timak.Options{MaxItems: 2})
	same := timak.Put(timak.Item{ID: "a", At: at(5), Data: []byte("data")}).WithVersion(3)
	wantPuts := func(about string, want int64, ops ...timak.Op) {
		t.Helper()
		before := puts.Load()
		r.apply(t, ops...)
		if got := puts.Load() - before; got != want {
			t.Errorf("%s: got %d puts, want %d", about, got, want)
		}
	}
	wantPuts("no ops on an unwritten timeline", 0)
	wantPuts("a put", 1, same)
	wantPuts("no ops", 0)
	wantPuts("the same put", 0, same)
	wantPuts("an older put", 0, timak.Put(timak.Item{ID: "a", At: at(5)}).WithVersion(2))
	elsewhere := timak.Put(timak.Item{ID: "a", At: at(6)}).WithVersion(2)
	wantPuts("an older put at another date, to be kept out", 1, elsewhere)
	wantPuts("the same again", 0, elsewhere, timak.RemoveEntry("a", "").WithVersion(2))
	wantPuts("a second item", 1, timak.Put(timak.Item{ID: "b", At: at(6)}))
	wantPuts("the first that falls off", 1, timak.Put(timak.Item{ID: "c", At: at(1)}))
	wantPuts("another one", 0, timak.Put(timak.Item{ID: "d", At: at(0)}))
	removal := timak.Remove("d").WithVersion(4)
	wantPuts("a removal", 1, removal)
	wantPuts("the same removal", 0, removal)
	r.receive(t, r.siblings(t)...)
	wantPuts("no ops, two siblings", 1)
	if got := len(r.siblings(t)); got != 1 {
		t.Errorf("afterwards: got %d siblings, want 1", got)
	}
	wantPuts("no ops, one sibling", 0)
}
