package timak_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
)

// An outcome is true: reading before and after a single op shows what it says, and
// nothing but the op's target changes, except that an item may fall off for one
// that was added.
func TestOutcomesAreTrue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opts, now := options().Draw(t, "options"), clockAt(1)
		opts.Clock, opts.TombstoneTTL = now.Now, 5*time.Microsecond
		r := newReplica(opts)
		explicit := rapid.SampledFrom([]int64{0, 12, 12}).Draw(t, "highest explicit version")
		for range rapid.IntRange(1, 15).Draw(t, "ops") {
			now.set(rapid.Int64Range(1, 20).Draw(t, "now"))
			s := steps(explicit).Draw(t, "op")
			before := r.items(t)
			result := r.apply(t, s.op())[0]
			after := r.items(t)
			if s.version > 0 && result.Version != s.version {
				t.Fatalf("%v: got version %d", s, result.Version)
			}
			if len(after) > opts.MaxItems {
				t.Fatalf("%v: %d items show, want at most %d", s, len(after), opts.MaxItems)
			}
			mustBeTrue(t, s, result.Outcome, before, after)
			mustLeaveTheRest(t, s, before, after, opts.MaxItems)
		}
	})
}

func find(items []timak.Item, s step) (timak.Item, bool) {
	i := slices.IndexFunc(items, func(item timak.Item) bool { return item.ID == s.id })
	if i < 0 {
		return timak.Item{}, false
	}
	return items[i], true
}

// mustBeTrue checks what an outcome says about the op's own item or source.
func mustBeTrue(t *rapid.T, s step, got timak.Outcome, before, after []timak.Item) {
	t.Helper()
	item, shows := find(after, s)
	ofSource := slices.ContainsFunc(after, func(item timak.Item) bool { return item.Source == s.source })
	holds := true
	switch {
	case got == timak.FellOff:
		holds = s.kind == putItem && !shows
	case got == timak.Stale:
		holds = diff(after, before) == ""
	case got == timak.Superseded && s.kind == putItem:
		holds = diff(after, before) == ""
	case got != timak.Applied:
	case s.kind == putItem:
		// It shows as put, or as a newer put of another source says.
		holds = shows && (item.Source != s.source || diff(item, s.item()) == "")
	case s.kind == dropItem:
		holds = !shows
	case s.kind == dropEntry:
		holds = !shows || item.Source != s.source
	case s.kind == dropSource:
		holds = !ofSource
	}
	if !holds {
		t.Fatalf("%v: %v is not true\nbefore %+v\nafter  %+v", s, got, before, after)
	}
}

// mustLeaveTheRest checks the items that the op does not target.
func mustLeaveTheRest(t *rapid.T, s step, before, after []timak.Item, capacity int) {
	t.Helper()
	about := func(item timak.Item) bool {
		if s.kind == dropSource { // the item may show as another source says, at another place
			return item.Source == s.source || slices.ContainsFunc(before, func(old timak.Item) bool {
				return old.ID == item.ID && old.Source == s.source
			})
		}
		return item.ID == s.id
	}
	rest := slices.DeleteFunc(slices.Clone(before), about)
	got := slices.DeleteFunc(slices.Clone(after), about)
	if len(got) < len(rest) && len(after) == capacity {
		rest = rest[:len(rest)-1] // one fell off the end, and it was the last
	}
	if d := diff(got, rest); d != "" {
		t.Fatalf("%v changed what it is not about (-want +got)\n%s", s, d)
	}
}

// In a batch an outcome is about the result of the whole batch: a put that a later
// op of the batch removes was applied; one that ends up beyond capacity fell off.
func TestOutcomesOfABatch(t *testing.T) {
	t.Parallel()
	item := func(id string, date int64) timak.Item { return timak.Item{ID: id, At: at(date)} }
	for _, tt := range []struct {
		name string
		ops  []timak.Op
		want []timak.Outcome
		ids  []string
	}{
		{"none", nil, nil, nil},
		{
			"put and taken out",
			[]timak.Op{timak.Put(item("a", 1)), timak.Remove("a")},
			[]timak.Outcome{timak.Applied, timak.Applied},
			nil,
		},
		{
			"more than fits",
			[]timak.Op{timak.Put(item("a", 1)), timak.Put(item("b", 2)), timak.Put(item("c", 3))},
			[]timak.Outcome{timak.FellOff, timak.Applied, timak.Applied},
			[]string{"c", "b"},
		},
		{
			"room is made later",
			[]timak.Op{timak.Put(item("a", 1)), timak.Put(item("b", 2)), timak.Put(item("c", 3)), timak.Remove("b")},
			[]timak.Outcome{timak.Applied, timak.Applied, timak.Applied, timak.Applied},
			[]string{"c", "a"},
		},
		{
			"an older put later",
			[]timak.Op{timak.Put(item("a", 1)).WithVersion(2), timak.Put(item("a", 2)).WithVersion(1)},
			[]timak.Outcome{timak.Applied, timak.Superseded},
			[]string{"a"},
		},
		{
			"of a source, beside the rest",
			[]timak.Op{
				timak.Put(timak.Item{ID: "a", Source: "p"}).WithVersion(1), timak.Put(timak.Item{ID: "b", Source: "p"}).WithVersion(3),
				timak.RemoveSource("p").WithVersion(2),
			},
			[]timak.Outcome{timak.Applied, timak.Applied, timak.Superseded},
			[]string{"b"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newReplica(timak.Options{MaxItems: 2})
			if got := outcomes(r.apply(t, tt.ops...)); diff(got, tt.want) != "" {
				t.Errorf("%+v: got %v, want %v", tt.ops, got, tt.want)
			}
			wantIDs(t, r, tt.name, tt.ids...)
		})
	}
}

func TestOutcomeNames(t *testing.T) {
	t.Parallel()
	got := []string{}
	for outcome := range timak.Stale + 2 {
		got = append(got, outcome.String())
	}
	if want := []string{"unknown", "applied", "superseded", "fell off", "stale", "unknown"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A large batch comes to what its parts come to, one after the other.
func TestManyOps(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	ops := make([]timak.Op, 5000)
	for n := range ops {
		item := timak.Item{ID: fmt.Sprint(random.IntN(3000)), At: at(random.Int64N(10_000)), Source: fmt.Sprint(random.IntN(3))}
		ops[n] = timak.Put(item).WithVersion(int64(n + 1))
		if random.IntN(9) == 0 {
			ops[n] = timak.Remove(item.ID).WithVersion(int64(n + 1))
		}
	}
	whole, parts := newReplica(timak.Options{MaxItems: 50}), newReplica(timak.Options{MaxItems: 50})
	got := outcomes(whole.apply(t, ops...))
	var want []timak.Outcome
	for some := range slices.Chunk(ops, 1024) {
		want = append(want, outcomes(parts.apply(t, some...))...)
	}
	fell := 0
	for n := range got {
		if got[n] == timak.FellOff {
			fell++
		}
		if got[n] != want[n] && got[n] != timak.FellOff { // what fell off later did so in the same batch
			t.Errorf("%+v: got %v, want %v", ops[n], got[n], want[n])
		}
	}
	if d := diff(whole.items(t), parts.items(t)); d != "" || fell < 1000 {
		t.Errorf("%d fell off; (-want +got)\n%s", fell, d)
	}
}
