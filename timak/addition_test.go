package timak_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/internal/wire"
	"github.com/timak-go/timak/timak/memstore"
)

// adding returns a replica over a driver.Adder with a full timeline, each of whose items
// has 200 bytes of data.
func adding(t tb, opts timak.Options) replica {
	t.Helper()
	r := replicaOver(memstore.Adder{Store: memstore.New(), From: 16 << 10}, opts)
	r.apply(t, bench.Fill(bench.MaxItems, bench.Post)...)
	return r
}

// added returns how many additions and how many other writes do makes.
func (r replica) added(do func()) (additions, others int64) {
	before := r.Stats()
	do()
	after := r.Stats()
	additions = after.Additions - before.Additions
	return additions, after.Writes - before.Writes - additions
}

// A new item of a long timeline is written alone; every seventeenth write is of all.
func TestAdditions(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]timak.Options{
		"full": {}, "with cache": {CacheBytes: 16 << 20}, "with room": {MaxItems: 2 * bench.MaxItems},
	} {
		r, plain := adding(t, opts), newReplica(timak.Options{MaxItems: opts.MaxItems})
		plain.apply(t, bench.Fill(bench.MaxItems, bench.Post)...)
		for n := range 40 {
			op := timak.Put(bench.Post(bench.MaxItems + n))
			additions, others := r.added(func() { r.apply(t, op) })
			plain.apply(t, op)
			if whole := n%17 == 16; whole && others != 1 || !whole && additions != 1 || additions+others != 1 {
				t.Errorf("%s, item %d: %d additions and %d other writes", name, n, additions, others)
			}
			if got, want := len(r.siblings(t)), 1+(n+1)%17; got != want {
				t.Errorf("%s, item %d: %d siblings, want %d", name, n, got, want)
			}
			if !reflect.DeepEqual(r.items(t), plain.items(t)) {
				t.Fatalf("%s, item %d: the items differ", name, n)
			}
		}
		if got := r.Stats(); got.Repairs+got.FailedRepairs+got.Merges > 0 || got.Reads != got.Siblings+1 {
			t.Errorf("%s: additions are taken for siblings: %+v", name, got)
		}
		if perWrite := r.Stats().BytesWritten / 41; perWrite > 10_000 {
			t.Errorf("%s: %d bytes a write, of a timeline of 90 KB", name, perWrite)
		}
	}
}

// What an addition cannot say is written whole, and so is what is large.
func TestAdditions_whole(t *testing.T) {
	t.Parallel()
	post := func(n, size int) timak.Item {
		item := bench.Post(n)
		item.Data = noise(uint64(n), size)
		return item
	}
	many := make([]timak.Op, 33)
	for n := range many {
		many[n] = timak.Put(bench.Post(n + 500))
	}
	for name, tt := range map[string]struct {
		ops       []timak.Op
		additions int64
	}{
		"a new item":          {[]timak.Op{timak.Put(bench.Post(bench.MaxItems))}, 1},
		"a large one":         {[]timak.Op{timak.Put(post(bench.MaxItems, 20_000))}, 1},
		"a very large one":    {[]timak.Op{timak.Put(post(bench.MaxItems, 40_000))}, 0},
		"several":             {[]timak.Op{timak.Put(bench.Post(3)), timak.Put(bench.Post(2000)), timak.Remove("nobody"), timak.RemoveEntry("nobody", "")}, 1},
		"a removal":           {[]timak.Op{timak.Remove(bench.Post(4).ID)}, 0}, // its data must go
		"… of an entry":       {[]timak.Op{timak.RemoveEntry(bench.Post(4).ID, "")}, 0},
		"other data":          {[]timak.Op{timak.Put(timak.Item{ID: bench.Post(4).ID, At: bench.Post(4).At, Data: []byte("other")})}, 0},
		"data with a source":  {[]timak.Op{timak.Put(timak.Item{ID: bench.Post(4).ID, At: bench.Post(4).At, Source: "s"})}, 1},
		"many":                {many[1:], 1},
		"too many":            {many, 0},
		"one that falls off":  {[]timak.Op{timak.Put(timak.Item{ID: "old", At: at(-1)})}, 0},
		"one that moves":      {[]timak.Op{timak.Put(timak.Item{ID: bench.Post(900).ID, At: bench.Post(3).At, Data: bench.Post(900).Data})}, 1},
		"one that moves off":  {[]timak.Op{timak.Put(timak.Item{ID: bench.Post(900).ID, At: at(-1)}), timak.Put(bench.Post(bench.MaxItems))}, 0},
		"a source":            {[]timak.Op{timak.RemoveSource("author:7")}, 0},
		"a floor":             {[]timak.Op{timak.RaiseFloor(timak.Place{At: bench.Post(50).At, ID: bench.Post(50).ID})}, 0},
		"a heal":              {[]timak.Op{timak.Heal(timak.Place{At: at(1)}, nil, 1)}, 0},
		"nothing new":         {[]timak.Op{timak.Put(bench.Post(3)).WithVersion(1)}, 0},
		"a removal of nobody": {[]timak.Op{timak.Remove("nobody")}, 1},
		"no ops":              {nil, 0},
	} {
		r := adding(t, timak.Options{})
		plain := newReplica(timak.Options{})
		plain.apply(t, bench.Fill(bench.MaxItems, bench.Post)...)
		additions, _ := r.added(func() {
			if got, want := r.apply(t, tt.ops...), plain.apply(t, tt.ops...); diff(got, want) != "" {
				t.Errorf("%s: got %v, want %v", name, got, want)
			}
		})
		if additions != tt.additions {
			t.Errorf("%s: %d additions, want %d", name, additions, tt.additions)
		}
		if !reflect.DeepEqual(r.items(t), plain.items(t)) {
			t.Errorf("%s: the items differ", name)
		}
	}
}

// Additions mention no more items than a first page may have to skip.
func TestAdditions_mention(t *testing.T) {
	t.Parallel()
	r := adding(t, timak.Options{})
	ops := func(from int) (ops []timak.Op) {
		for n := range 12 {
			ops = append(ops, timak.Put(bench.Post(bench.MaxItems+from+n)))
		}
		return ops
	}
	for n, want := range []int64{1, 1, 1, 0, 1} { // the second one again
		from := []int{0, 12, 12, 24, 36}[n]
		if additions, others := r.added(func() { r.apply(t, ops(from)...) }); additions != want || others != 1-want {
			t.Errorf("twelve items, %d: %d additions and %d other writes", n, additions, others)
		}
	}
}

// reversed returns siblings the other way round: a store may return them in any order.
type reversed struct{ memstore.Adder }

func (r reversed) Get(ctx context.Context, key string) (driver.Object, error) {
	object, err := r.Adder.Get(ctx, key)
	slices.Reverse(object.Siblings)
	return object, err
}

// Data of a removed item is in no sibling, though it was packed with another item's.
func TestAdditions_removedData(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string][]timak.Op{
		"a removal": {timak.Remove("y")}, "with a source": {timak.Remove("y"), timak.RemoveSource("nobody")},
	} {
		r, secret := replicaOver(reversed{memstore.NewAdder()}, timak.Options{}), noise(2, 200)
		r.apply(t, timak.Put(timak.Item{ID: "x", At: at(2), Data: noise(1, 300)}), timak.Put(timak.Item{ID: "y", At: at(1), Data: secret}))
		r.apply(t, timak.RemoveEntry("x", "other"))
		if got := len(r.siblings(t)); got != 2 {
			t.Errorf("%s: %d siblings, want an addition", name, got)
		}
		r.apply(t, gone...)
		for _, value := range r.siblings(t) {
			if bytes.Contains(value, secret) {
				t.Errorf("%s: the data is still there", name)
			}
		}
	}
}

// A change that trims many items writes what is left.
func TestAdditions_trimmed(t *testing.T) {
	t.Parallel()
	r := adding(t, timak.Options{})
	for _, tt := range []struct {
		most      int
		additions int64
	}{{bench.MaxItems - 10, 1}, {bench.MaxItems / 2, 0}} {
		lower := replica{r.Bounded(tt.most), r.store}
		if additions, others := lower.added(func() { lower.apply(t, timak.Remove("nobody").WithVersion(int64(tt.most))) }); additions != tt.additions || others != 1-tt.additions {
			t.Errorf("to %d: %d additions and %d other writes", tt.most, additions, others)
		}
		if got := len(lower.ids(t)); got != tt.most {
			t.Errorf("to %d: %d items", tt.most, got)
		}
	}
	if got := len(r.ids(t)); got != bench.MaxItems/2 {
		t.Errorf("in the end: %d items", got)
	}
}

// A short timeline, and one of a store that is no driver.Adder, are written whole.
func TestAdditions_none(t *testing.T) {
	t.Parallel()
	short := replicaOver(memstore.Adder{Store: memstore.New(), From: 16 << 10}, timak.Options{})
	short.apply(t, bench.Fill(40, bench.Post)...)
	wrapped := replicaOver(drivertest.NewFailing(memstore.New()), timak.Options{})
	wrapped.apply(t, bench.Fill(bench.MaxItems, bench.Post)...)
	for name, r := range map[string]replica{"short": short, "no adder": wrapped} {
		if additions, others := r.added(func() { r.apply(t, timak.Put(bench.Post(bench.MaxItems))) }); additions != 0 || others != 1 {
			t.Errorf("%s: %d additions and %d other writes", name, additions, others)
		}
	}
}

// Two processes that add to the same timeline write nothing more, and lose nothing.
func TestAdditions_ofTwo(t *testing.T) {
	t.Parallel()
	one := adding(t, timak.Options{CacheBytes: 16 << 20})
	two := replicaOver(one.store, timak.Options{CacheBytes: 16 << 20})
	for n := range 15 {
		r := []replica{one, two}[n%2]
		additions, others := r.added(func() { r.apply(t, timak.Put(bench.Post(bench.MaxItems+n))) })
		if additions != 1 || others != 0 {
			t.Errorf("item %d: %d additions and %d other writes", n, additions, others)
		}
	}
	for name, r := range map[string]replica{"one": one, "two": two} {
		for n, id := range r.ids(t)[:15] {
			if want := bench.Post(bench.MaxItems + 14 - n).ID; id != want {
				t.Errorf("%s: item %d is %s, want %s", name, n, id, want)
			}
		}
		if got := r.Stats().Merges; got > 0 {
			t.Errorf("%s: %d merges", name, got)
		}
	}
}

// An addition to a value that another writer replaces meanwhile is merged like any
// sibling: what its base said otherwise, it does not bring back.
func TestAdditions_replacedBase(t *testing.T) {
	t.Parallel()
	r := adding(t, timak.Options{})
	late := replicaOver(memstore.Adder{Store: memstore.New(), From: 16 << 10}, timak.Options{})
	late.receive(t, r.siblings(t)...)
	late.apply(t, timak.Put(bench.Post(998))) // as old as the removal, which it does not know
	r.apply(t, timak.Remove(bench.Post(998).ID), timak.RemoveSource("nobody"))
	addition := slices.DeleteFunc(late.siblings(t), func(value []byte) bool { return !wire.IsAddition(value) })
	if len(addition) != 1 || len(r.siblings(t)) != 1 {
		t.Fatalf("got %d additions, and %d siblings after a write of all", len(addition), len(r.siblings(t)))
	}
	r.receive(t, addition...)
	store := newParting(0)
	reader := replicaOver(store, timak.Options{})
	reader.receive(t, r.siblings(t)...)
	page, err := reader.Page(t.Context(), key, timak.Query{})
	if err != nil || slices.Contains(idsOf(page.Items), bench.Post(998).ID) || len(page.Items) != 20 {
		t.Errorf("got %q, %v; want 20 without %s", idsOf(page.Items), err, bench.Post(998).ID)
	}
	reader.AwaitRepairs()
	if got := len(reader.siblings(t)); got != 1 {
		t.Errorf("%d siblings after a read, want 1", got)
	}
}

// Whatever is added and trimmed, what shows before the floor is all there is before it.
func TestAdditions_capacity(t *testing.T) {
	t.Parallel()
	added := int64(0)
	rapid.Check(t, func(t *rapid.T) {
		const most = 8
		opts := timak.Options{MaxItems: most, Order: orders().Draw(t, "order")}
		store, moves := memstore.NewAdder(), rapid.Bool().Draw(t, "moves")
		writers := []replica{replicaOver(store, opts)}
		if !moves { // a writer that knows an item at another place than it has may show it there
			opts.CacheBytes = 1 << 20
			writers = append(writers, replicaOver(store, opts))
		}
		all := newReplica(timak.Options{MaxItems: 1000, Order: opts.Order})
		for version := range int64(rapid.IntRange(1, 60).Draw(t, "writes")) {
			s := steps(0).Draw(t, "op")
			id := rapid.IntRange(1, 20).Draw(t, "id")
			s.id, s.version, s.date = fmt.Sprint(id), version+1, int64(1+7*id%30)
			if moves {
				s.source, s.date = "", rapid.Int64Range(1, 30).Draw(t, "date")
			}
			if s.kind == dropSource {
				s.source = "p"
			}
			all.apply(t, s.op())
			w := rapid.SampledFrom(writers).Draw(t, "writer")
			w.asOf(t, version+1, s.op())
			mustShowAllBeforeTheFloor(t, w, all)
		}
		for _, w := range writers {
			added += w.Stats().Additions
		}
	})
	if added == 0 {
		t.Error("no addition was made")
	}
}

// mustShowAllBeforeTheFloor compares a bounded timeline with one that has everything.
func mustShowAllBeforeTheFloor(t *rapid.T, bounded, all replica) {
	t.Helper()
	entries := bounded.entries(t)
	before := func(items []timak.Item) []timak.Item {
		end := slices.IndexFunc(items, func(item timak.Item) bool { return entries.Lacks(timak.Place{At: item.At, ID: item.ID}) })
		if end < 0 {
			return items
		}
		return items[:end]
	}
	got, want := before(bounded.items(t)), before(all.items(t))
	if d := diff(got, want[:min(len(want), bounded.MaxItems())]); d != "" {
		t.Fatalf("before the floor (-all +bounded)\n%s", d)
	}
}
