package timak_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
	"github.com/timak-go/timak/timak/memstore"
)

// The baseline does what the ancestor of this package did: it keeps the timeline as
// one JSON list, over the same store.

// jsonFeed keeps a list of jsonItems under key, and merges siblings by the later
// Modified.
type jsonFeed struct{ replica }

type jsonItem struct {
	ID       string          `json:"id"`
	Score    int64           `json:"score"`
	Modified int64           `json:"modified"`
	Data     json.RawMessage `json:"data,omitempty"`
}

func (f jsonFeed) read(t tb) []jsonItem {
	var lists [][]jsonItem
	for _, value := range f.siblings(t) {
		var list []jsonItem
		if err := json.Unmarshal(value, &list); err != nil {
			t.Fatalf("Unmarshal: %v", err)
		}
		lists = append(lists, list)
	}
	if len(lists) == 1 {
		return lists[0]
	}
	newest := map[string]jsonItem{}
	for _, item := range slices.Concat(lists...) {
		if old, ok := newest[item.ID]; !ok || old.Modified < item.Modified {
			newest[item.ID] = item
		}
	}
	return top(slices.Collect(maps.Values(newest)))
}

func top(list []jsonItem) []jsonItem {
	slices.SortFunc(list, func(a, b jsonItem) int { return cmp.Compare(b.Score, a.Score) })
	return list[:min(len(list), bench.MaxItems)]
}

func (f jsonFeed) add(t tb, items ...jsonItem) {
	object, err := f.store.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	list := f.read(t)
	for _, item := range items {
		if i := slices.IndexFunc(list, func(old jsonItem) bool { return old.ID == item.ID }); i >= 0 {
			list = slices.Delete(list, i, i+1)
		}
		list = append(list, item)
	}
	value, err := json.Marshal(top(list))
	if err != nil {
		t.Fatalf("Marshal: %v", err)
	}
	if _, err := f.store.Put(t.Context(), key, value, object.Token); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

func (f jsonFeed) page(t tb, limit int) []jsonItem {
	list := f.read(t)
	return list[:min(limit, len(list))]
}

func jsonOf(n int, item timak.Item) jsonItem {
	return jsonItem{item.ID, item.At.UnixMicro(), bench.Version(n), item.Data}
}

// fullFeed returns a full timeline, with default options.
func fullFeed(t tb, item func(n int) timak.Item) replica {
	store := memstore.New()
	r := replica{timak.New(store, nil), store}
	r.apply(t, bench.Fill(bench.MaxItems, item)...)
	return r
}

// fullJSON returns the same as a JSON list.
func fullJSON(t tb, item func(n int) timak.Item) jsonFeed {
	f := jsonFeed{newReplica(timak.Options{})}
	items := make([]jsonItem, bench.MaxItems)
	for n := range items {
		items[n] = jsonOf(n, item(n))
	}
	f.add(t, items...)
	return f
}

func stored(t tb, r replica) float64 {
	return float64(len(slices.Concat(r.siblings(t)...))) / bench.MaxItems
}

// TestStoredBytes: the size of an entry, when all were written at once, and when
// each was added to a full timeline. The result does not vary from run to run.
func TestStoredBytes(t *testing.T) {
	t.Parallel()
	bare, full := fullFeed(t, bench.Bookmark), fullFeed(t, bench.Post)
	list := stored(t, fullJSON(t, bench.Post).replica)
	for n := bench.MaxItems; n <= 2*bench.MaxItems; n++ {
		if n%100 == 0 {
			if got := stored(t, bare); got > 10 {
				t.Errorf("after %d adds an entry without data takes %.1f bytes, want at most 10", n, got)
			}
			if got := stored(t, full); got > list/3 {
				t.Errorf("after %d adds an entry with data takes %.1f bytes, want at most a third of JSON's %.1f", n, got, list)
			}
		}
		bare.apply(t, timak.Put(bench.Bookmark(n)))
		full.apply(t, timak.Put(bench.Post(n)))
	}
}

// BenchmarkStored reports what TestStoredBytes checks.
func BenchmarkStored(b *testing.B) {
	for _, bb := range posts {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				ours, list := stored(b, fullFeed(b, bb.item)), stored(b, fullJSON(b, bb.item).replica)
				b.ReportMetric(ours, "bytes/entry")
				b.ReportMetric(list, "baseline-bytes/entry")
				b.ReportMetric(ours/list, "x-size")
			}
			b.ReportMetric(0, "ns/op") // the time to fill a timeline is of no interest
		})
	}
}

var posts = []struct {
	name string
	item func(n int) timak.Item
}{
	{"no data", bench.Bookmark},
	{"200 B of data", bench.Post},
}

// BenchmarkAdd puts an item into a full timeline, whose earliest item then falls
// off: by Add, which returns the timeline, and by Apply, which does not.
func BenchmarkAdd(b *testing.B) {
	next := bench.MaxItems
	for _, bb := range []struct {
		name string
		add  func(b *testing.B, r replica)
	}{
		{"Add", func(b *testing.B, r replica) {
			if _, err := r.Add(b.Context(), key, bench.Post(next)); err != nil {
				b.Fatal(err)
			}
		}},
		{"Apply", func(b *testing.B, r replica) { r.apply(b, timak.Put(bench.Post(next))) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			ours, list := fullFeed(b, bench.Post), fullJSON(b, bench.Post)
			bench.InTurns(b, bench.Speedup,
				func() { bb.add(b, ours); next++ },
				func() { list.add(b, jsonOf(next, bench.Post(next))); next++ })
		})
	}
}

func BenchmarkPage(b *testing.B) {
	ours, list := fullFeed(b, bench.Post), fullJSON(b, bench.Post)
	bench.InTurns(b, bench.Speedup,
		func() {
			if got := ours.page(b, timak.Query{}, key).Items; len(got) != 20 {
				b.Fatalf("got %d items, want 20", len(got))
			}
		},
		func() {
			if got := list.page(b, 20); len(got) != 20 {
				b.Fatalf("got %d items, want 20", len(got))
			}
		})
}

// BenchmarkMerge reads eight siblings that differ only in the last item, and merges
// them. The baseline reads one of them, or all eight. It works below the engine,
// which would merge them only once.
func BenchmarkMerge(b *testing.B) {
	siblings := make([][]byte, 8)
	for n := range siblings {
		one := fullFeed(b, bench.Post)
		one.apply(b, timak.Put(bench.Post(bench.MaxItems+n)))
		siblings[n] = one.siblings(b)[0]
	}
	decode := func(value []byte) state.State {
		s, err := wire.Decode(key, value)
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	merge := func() {
		var decoder wire.Decoder
		var merged state.State
		for i, value := range siblings {
			s, err := decoder.Decode(key, value)
			if err != nil {
				b.Fatal(err)
			}
			if i == 0 {
				merged = s
			} else {
				merged.Absorb(s)
			}
		}
		if got, want := len(merged.Entries), bench.MaxItems-1+len(siblings); got != want {
			b.Fatalf("got %d entries, want %d", got, want)
		}
	}
	for _, read := range []int{1, len(siblings)} {
		b.Run(fmt.Sprintf("over reading %d", read), func(b *testing.B) {
			bench.InTurns(b, bench.Cost, merge, func() {
				for _, value := range siblings[:read] {
					decode(value)
				}
			})
		})
	}
}
