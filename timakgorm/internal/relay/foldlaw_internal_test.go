package relay

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// forest is a table of leaves, with the changes that led to it.
type forest struct {
	rows    [4]*leaf // nil: none
	changes []outbox.RowChange
	version int64
}

// statement changes some rows at once.
func (f *forest) statement(next map[int]*leaf) {
	f.version += 2
	for _, i := range []int{0, 1, 2, 3} {
		after, changed := next[i]
		if !changed || f.rows[i] == nil && after == nil {
			continue
		}
		f.changes = append(f.changes, changeOf(int64(len(f.changes)+1), f.version, f.rows[i], after))
		f.rows[i] = after
	}
}

// step changes some leaves, and keeps the names within a tree unique.
func (f *forest) step(t *rapid.T) {
	i, j := rapid.IntRange(0, 3).Draw(t, "row"), rapid.IntRange(0, 3).Draw(t, "other row")
	switch {
	case rapid.IntRange(0, 4).Draw(t, "kind") == 0:
		f.statement(map[int]*leaf{i: nil})
	case i != j && f.rows[i] != nil && f.rows[j] != nil && rapid.Bool().Draw(t, "trade"):
		a, b := *f.rows[i], *f.rows[j]
		a.Name, a.Tree, b.Name, b.Tree = b.Name, b.Tree, a.Name, a.Tree
		f.statement(map[int]*leaf{i: &a, j: &b})
	default:
		l := leaf{
			ID:     uint(i),
			Tree:   rapid.SampledFrom([]string{"oak", "elm"}).Draw(t, "tree"),
			Name:   rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"),
			Hidden: rapid.Bool().Draw(t, "hidden"),
			Score:  rapid.Int64Range(1, 9).Draw(t, "score"),
		}
		taken := func(o *leaf) bool { return o != nil && o.ID != l.ID && o.Tree == l.Tree && o.Name == l.Name }
		if !slices.ContainsFunc(f.rows[:], taken) {
			f.statement(map[int]*leaf{i: &l})
		}
	}
}

// timelines returns the timelines that should result: by key and id, the date and data.
func (f *forest) timelines(p *Relay) (map[string]map[string]string, error) {
	want := map[string]map[string]string{"tree:oak": {}, "tree:elm": {}, "tree:oak:": {}, "tree:elm:": {}, "all": {}}
	for _, row := range f.rows {
		image, err := model.ParseImage(row.image())
		if err != nil {
			return nil, err
		}
		placed, _, err := p.tables.Of("leaves").Model.Placements(image)
		if err != nil {
			return nil, err
		}
		for _, placement := range placed {
			want[placement.Key][placement.Item.ID] = describeItem(placement.Item)
		}
	}
	return want, nil
}

func describeItem(item timak.Item) string {
	return fmt.Sprintf("%d %s", item.At.UnixMicro(), item.Data)
}

// TestFoldLaw: the timelines end up like the table, in whatever batches, in whatever
// order and however often the changes come.
func TestFoldLaw(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := folding(t)
		f := &forest{version: 1000}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			f.step(t)
		}
		dealt := append(slices.Clone(f.changes), rapid.SliceOfN(rapid.SampledFrom(append(f.changes, outbox.RowChange{Table: "none"})), 0, 4).Draw(t, "again")...)
		batches := make([][]outbox.RowChange, 4)
		for _, change := range dealt {
			if change.Table != "none" {
				n := rapid.IntRange(0, 3).Draw(t, fmt.Sprint("batch of change ", change.ID))
				batches[n] = append(batches[n], change)
			}
		}
		timelines := timak.New(memstore.New(), &timak.Options{
			Clock: func() time.Time { return time.UnixMicro(2000) }, Logger: slog.New(slog.DiscardHandler),
		})
		for _, batch := range batches {
			for _, fold := range p.fold(batch) {
				if fold.err != nil {
					t.Fatal(fold.err)
				}
				for _, op := range fold.ops {
					if _, err := timelines.Apply(t.Context(), op.key, op.op); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		want, err := f.timelines(p)
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range want {
			timeline, err := timelines.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, item := range timeline.Items() {
				got[item.ID] = describeItem(item)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("timeline %q (-table +timeline):\n%s\nbatches %+v", key, diff, batches)
			}
		}
	})
}

// TestFoldLawFull: this holds on a full timeline too, where a change may make the row
// fall off its end.
func TestFoldLawFull(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := folding(t)
		var changes []outbox.RowChange
		var row *leaf
		for i := range rapid.IntRange(1, 7).Draw(t, "changes") {
			next := drawLeaf(t)
			if row != nil || next != nil {
				changes = append(changes, changeOf(int64(i+1), int64(1000+2*i), row, next))
			}
			row = next
		}
		given := rapid.Permutation(append(slices.Clone(changes), changes...)).Draw(t, "order")
		timelines := fullTimelines(t)
		for len(given) > 0 {
			n := rapid.IntRange(1, len(given)).Draw(t, "batch")
			giveBatch(t, timelines, p.fold(given[:n]))
			given = given[n:]
		}
		wantLast(t, timelines, p, row)
	})
}

// TestFoldLawFew: while the row stays on its timelines, the last of its changes is
// enough, whichever of the others come before or after it.
func TestFoldLawFew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := folding(t)
		var changes []outbox.RowChange
		row := &leaf{ID: 1, Tree: "oak", Name: "x", Score: rapid.SampledFrom(scores).Draw(t, "score")}
		changes = append(changes, changeOf(1, 1000, nil, row))
		for i := range rapid.IntRange(1, 6).Draw(t, "changes") {
			next := *row
			next.Score = rapid.SampledFrom(scores).Filter(func(score int64) bool { return score != row.Score }).Draw(t, "score")
			changes = append(changes, changeOf(int64(i+2), int64(1002+2*i), row, &next))
			row = &next
		}
		last := len(changes) - 1
		given := append(rapid.SliceOfN(rapid.SampledFrom(changes), 0, 8).Draw(t, "others"), changes[last])
		timelines := fullTimelines(t)
		for _, change := range rapid.Permutation(given).Draw(t, "order") {
			giveBatch(t, timelines, p.fold([]outbox.RowChange{change}))
		}
		wantLast(t, timelines, p, row)
	})
}

// drawLeaf draws the next state of leaf 1; nil if it is deleted.
func drawLeaf(t *rapid.T) *leaf {
	if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
		return nil
	}
	return &leaf{
		ID:     1,
		Tree:   rapid.SampledFrom([]string{"oak", "elm"}).Draw(t, "tree"),
		Name:   rapid.SampledFrom([]string{"x", "y"}).Draw(t, "name"),
		Hidden: rapid.IntRange(0, 3).Draw(t, "hidden") == 0,
		Score:  rapid.SampledFrom(scores).Draw(t, "score"),
	}
}

// fullKeys are the timelines that leaf 1 may be on. Each is full of other items, whose
// date is in the middle of the scores.
var (
	fullKeys = []string{"tree:oak", "tree:elm", "tree:oak:", "tree:elm:", "all"}
	scores   = []int64{0, 2, 4, 6, 8}
)

const fullItems, fullDate = 3, 5

func fullTimelines(t *rapid.T) *timak.Timelines {
	timelines := timak.New(memstore.New(), &timak.Options{
		MaxItems: fullItems, Clock: func() time.Time { return time.UnixMicro(2000) }, Logger: slog.New(slog.DiscardHandler),
	})
	fill(t, timelines)
	return timelines
}

// fill puts back the other items, of which the row may have pushed one out.
func fill(t *rapid.T, timelines *timak.Timelines) {
	for _, key := range fullKeys {
		for i := range fullItems {
			item := timak.Item{ID: fmt.Sprint("other", i), At: time.UnixMicro(fullDate)}
			if _, err := timelines.Apply(t.Context(), key, timak.Put(item).WithVersion(1)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func giveBatch(t *rapid.T, timelines *timak.Timelines, folds []*rowFold) {
	for _, fold := range folds {
		if fold.err != nil {
			t.Fatal(fold.err)
		}
		for _, op := range fold.ops {
			if _, err := timelines.Apply(t.Context(), op.key, op.op); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill(t, timelines)
}

// wantLast checks that the timelines show the row as it is, or do not show it where
// it belongs behind the others.
func wantLast(t *rapid.T, timelines *timak.Timelines, p *Relay, row *leaf) {
	want, err := (&forest{rows: [4]*leaf{row}}).timelines(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range fullKeys {
		timeline, err := timelines.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, item := range timeline.Items() {
			if item.At.UnixMicro() != fullDate {
				got[item.ID] = describeItem(item)
			}
		}
		if row != nil && row.Score < fullDate {
			clear(want[key])
		}
		if diff := cmp.Diff(want[key], got); diff != "" {
			t.Fatalf("timeline %q (-row +timeline):\n%s", key, diff)
		}
	}
}
