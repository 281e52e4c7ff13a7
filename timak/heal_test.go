package timak_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
)

// asOf applies ops that the source of truth held before a moment.
func (r replica) asOf(t tb, moment int64, ops ...timak.Op) []timak.Result {
	t.Helper()
	return replica{r.AsOf(moment), r.store}.apply(t, ops...)
}

func (r replica) entries(t tb) timak.Entries {
	t.Helper()
	entries, err := r.Entries(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// mustHaveFloor fails the test unless the timeline's floor is at an item of this name, dated
// by it; 0 is no floor.
func (r replica) mustHaveFloor(t tb, want int64) {
	t.Helper()
	got, lacks := r.entries(t).Floor()
	if place := (timak.Place{At: at(want), ID: fmt.Sprint(want)}); lacks != (want > 0) || lacks && got != place {
		t.Fatalf("floor: got %+v, %v; want %d", got, lacks, want)
	}
}

// putNumbered returns a put of an item whose name is its date, and the version after it.
func putNumbered(date int64) timak.Op {
	return timak.Put(timak.Item{ID: fmt.Sprint(date), At: at(date)}).WithVersion(date + 1)
}

func place(date int64) timak.Place { return timak.Place{At: at(date), ID: fmt.Sprint(date)} }

// full returns a timeline of 3, of which 3, 4 and 5 are there, and 1 and 2 fell off, before
// the moment 10.
func full(t tb) replica {
	r := newReplica(timak.Options{MaxItems: 3})
	r.asOf(t, 10, putNumbered(1), putNumbered(2), putNumbered(3), putNumbered(4), putNumbered(5))
	r.mustHaveFloor(t, 2)
	return r
}

func TestHeal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(r replica)
		heal   []timak.Op
		want   timak.Outcome
		floor  int64
		shows  []string
	}{
		"a part": {
			heal: []timak.Op{putNumbered(2).WithVersion(20), timak.Heal(place(2), new(place(1)), 11)},
			want: timak.Applied, floor: 1, shows: []string{"5", "3", "2"},
		},
		"to the end": {
			heal: []timak.Op{putNumbered(2).WithVersion(20), timak.Heal(place(2), nil, 11)},
			want: timak.Applied, shows: []string{"5", "3", "2"},
		},
		"more than fits": {
			heal: []timak.Op{putNumbered(2).WithVersion(20), putNumbered(1).WithVersion(20), timak.Heal(place(2), nil, 11)},
			want: timak.Applied, floor: 1, shows: []string{"5", "3", "2"},
		},
		"from a place below the floor": {
			heal: []timak.Op{putNumbered(1).WithVersion(20), timak.Heal(place(1), nil, 11)},
			want: timak.Superseded, floor: 2, shows: []string{"5", "3", "1"},
		},
		"of a moment at which the drop may have been missed": {
			heal: []timak.Op{putNumbered(2).WithVersion(20), timak.Heal(place(2), nil, 10)},
			want: timak.Superseded, floor: 2, shows: []string{"5", "3", "2"},
		},
		"a later drop, below": {
			before: func(r replica) { r.asOf(t, 12, putNumbered(6), putNumbered(1).WithVersion(19)) },
			heal:   []timak.Op{putNumbered(2).WithVersion(20), timak.Heal(place(2), nil, 11)},
			want:   timak.Superseded, floor: 2, shows: []string{"6", "5", "3"},
		},
		"a stale put": {
			before: func(r replica) { // the tombstone of 4 is collected
				replicaOver(r.store, timak.Options{MaxItems: 3, TombstoneTTL: time.Microsecond, Clock: clockAt(99).Now}).asOf(t, 10, timak.RemoveEntry("9", "").WithVersion(98))
			},
			heal: []timak.Op{putNumbered(2).WithVersion(1), timak.Heal(place(2), nil, 11)},
			want: timak.Superseded, floor: 2, shows: []string{"5", "3"},
		},
		"a put of a source that is gone": {
			before: func(r replica) { r.asOf(t, 12, timak.RemoveSource("s").WithVersion(30)) },
			heal: []timak.Op{
				timak.Put(timak.Item{ID: "2", At: at(2), Source: "s"}).WithVersion(20), timak.Heal(place(2), nil, 11),
			},
			want: timak.Superseded, floor: 2, shows: []string{"5", "3"},
		},
		"a put of an item that was removed later": {
			before: func(r replica) { r.asOf(t, 12, timak.RemoveEntry("2", "").WithVersion(30)) },
			heal:   []timak.Op{putNumbered(2).WithVersion(20), timak.Heal(place(2), nil, 11)},
			want:   timak.Applied, shows: []string{"5", "3"},
		},
		"a writer without a moment": {
			before: func(r replica) { r.apply(t, putNumbered(6)) },
			heal:   []timak.Op{putNumbered(2).WithVersion(20), timak.Heal(place(2), nil, 11)},
			want:   timak.Applied, floor: 2, shows: []string{"6", "5", "3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := full(t)
			r.asOf(t, 10, timak.RemoveEntry("4", "").WithVersion(11))
			if c.before != nil {
				c.before(r)
			}
			results := r.asOf(t, 21, c.heal...)
			if got := results[len(results)-1].Outcome; got != c.want {
				t.Errorf("outcome: got %v, want %v", got, c.want)
			}
			r.mustHaveFloor(t, c.floor)
			var shows []string
			for _, item := range r.items(t) {
				shows = append(shows, item.ID)
			}
			if diff := cmp.Diff(c.shows, shows); diff != "" {
				t.Errorf("shows (-want +got)\n%s", diff)
			}
		})
	}
}

// Removals say how much room there is for what a heal can bring back.
func TestRoom(t *testing.T) {
	t.Parallel()
	room := func(r replica, want int) {
		t.Helper()
		if got := r.entries(t).Room(3); got != want {
			t.Errorf("room: got %d, want %d", got, want)
		}
	}
	r := full(t)
	room(r, 0)
	results := r.asOf(t, 12, putNumbered(6), timak.RemoveEntry("5", "").WithVersion(11), timak.Remove("4").WithVersion(11))
	if got := []int{results[0].Room, results[1].Room, results[2].Room}; !slices.Equal(got, []int{0, 1, 1}) {
		t.Errorf("room after 6 came, and 5 and 4 went: got %v", got)
	}
	room(r, 1)
	r.apply(t, timak.RemoveEntry("3", "").WithVersion(11), putNumbered(7))
	room(r, 1) // nothing has fallen off since
	r.apply(t, putNumbered(8), putNumbered(9))
	results = r.apply(t, timak.Remove("9").WithVersion(12))
	if got := results[0].Room; got != 0 {
		t.Errorf("room, with drops of which no moment is known: got %d", got)
	}
	room(r, 0)

	whole := newReplica(timak.Options{MaxItems: 3})
	if got := whole.asOf(t, 10, putNumbered(1), timak.Remove("1").WithVersion(11))[1].Room; got != 0 {
		t.Errorf("room of a timeline that lacks nothing: got %d", got)
	}
}

// What a writer writes that has read before a heal's moment, and has not seen the heal,
// raises the floor no more; what it has read later does.
func TestHealMeetsSiblings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ moment, floor int64 }{"read before": {11, 0}, "read later": {13, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := full(t)
			object, err := r.store.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			late := newReplica(timak.Options{MaxItems: 3})
			if _, err := late.store.Put(t.Context(), key, object.Siblings[0], nil); err != nil {
				t.Fatal(err)
			}
			late.asOf(t, c.moment, putNumbered(6)) // 3 falls off
			object, err = late.store.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}

			r.asOf(t, 12, timak.RemoveEntry("4", "").WithVersion(11), timak.RemoveEntry("5", "").WithVersion(11))
			r.asOf(t, 20, putNumbered(3).WithVersion(15), putNumbered(2).WithVersion(15), putNumbered(1).WithVersion(15), timak.Heal(place(5), nil, 12))
			r.mustHaveFloor(t, 0)
			if _, err := r.store.Put(t.Context(), key, object.Siblings[0], nil); err != nil {
				t.Fatal(err)
			}
			r.asOf(t, 12, timak.RemoveEntry("6", "").WithVersion(21), timak.RemoveEntry("5", "").WithVersion(21))
			r.mustHaveFloor(t, c.floor)
		})
	}
}

// Pages that go on in a table have all its rows, whatever comes, goes and is healed.
func TestPageThroughHealed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SampledFrom([]timak.Order{timak.NewestFirst, timak.OldestFirst}).Draw(t, "order")
		r := drawnReplica(t, timak.Options{MaxItems: rapid.IntRange(1, 4).Draw(t, "capacity"), Order: order})
		rows := &table{order: order, items: map[string]timak.Item{}}
		moment := int64(10)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				item := timak.Item{ID: fmt.Sprint(rapid.IntRange(1, 12).Draw(t, "id")), At: at(rapid.Int64Range(1, 5).Draw(t, "date"))}
				rows.items[item.ID] = item
				moment++
				r.asOf(t, moment, timak.Put(item).WithVersion(moment))
			},
			"remove": func(t *rapid.T) {
				id := fmt.Sprint(rapid.IntRange(1, 12).Draw(t, "id"))
				delete(rows.items, id)
				moment++
				r.asOf(t, moment, timak.RemoveEntry(id, "").WithVersion(moment))
			},
			"heal": func(t *rapid.T) {
				floor, lacks := r.entries(t).Floor()
				if !lacks {
					return
				}
				below := rows.sorted()
				below = slices.DeleteFunc(below, func(i timak.Item) bool { return order.Before(i, timak.Item{ID: floor.ID, At: floor.At}) })
				moment++
				heal := timak.Heal(floor, nil, moment)
				if most := rapid.IntRange(1, 5).Draw(t, "most"); len(below) > most {
					heal = timak.Heal(floor, new(below[most].Place()), moment)
					below = below[:most]
				}
				var ops []timak.Op
				for _, item := range below {
					ops = append(ops, timak.Put(item).WithVersion(moment))
				}
				results := r.asOf(t, moment, append(ops, heal)...)
				if got := results[len(results)-1].Outcome; got != timak.Applied {
					t.Fatalf("heal: %v", got)
				}
			},
			"": func(t *rapid.T) {
				var shown []timak.Item
				for _, page := range rows.through(t, r, 3, "", false) {
					shown = append(shown, page.Items...)
				}
				if diff := cmp.Diff(rows.sorted(), shown, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("pages (-want +got)\n%s", diff)
				}
			},
		})
	})
}
