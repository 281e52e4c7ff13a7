package timak_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/timak-go/timak/timak"
)

// Each benchmark runs the engine and, as "json", what the ancestor of this
// package did: the timeline as one JSON list, over the same store. Read them
// together; the bytes stored are reported beside the time.

const benchItems = 1000

// benchItem returns the nth item, with about 200 bytes of JSON such as a post
// has.
func benchItem(n int) timak.Item {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	words := []string{"river", "table", "of", "the", "seven", "quiet", "engines", "and", "paper", "light", "under", "a", "moving", "sky"}
	body := ""
	for len(body) < 120 {
		body += words[random.IntN(len(words))] + " "
	}
	return timak.Item{
		ID: fmt.Sprintf("posts:%d", 100_000+n), At: at(1_700_000_000_000_000 + int64(n)*61_000_000 + random.Int64N(1_000_000)),
		Data: fmt.Appendf(nil, `{"id":%d,"author":"user%d","title":"Post number %d","body":%q}`, 100_000+n, random.IntN(5000), n, body),
	}
}

// feed is a timeline under key, by the engine or by the baseline.
type feed interface {
	add(t tb, items ...timak.Item)
	page(t tb, limit int) int
}

type engineFeed struct{ replica }

func (f engineFeed) add(t tb, items ...timak.Item) {
	ops := make([]timak.Op, len(items))
	for i, item := range items {
		ops[i] = timak.Put(item)
	}
	f.apply(t, ops...)
}

func (f engineFeed) page(t tb, limit int) int {
	return len(f.replica.page(t, timak.Query{Limit: limit}, key).Items)
}

// jsonFeed keeps a list of jsonItems, and merges siblings by the later Modified.
type jsonFeed struct{ replica }

type jsonItem struct {
	ID       string          `json:"id"`
	Score    int64           `json:"score"`
	Modified int64           `json:"modified"`
	Data     json.RawMessage `json:"data"`
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
	return list[:min(len(list), benchItems)]
}

func (f jsonFeed) add(t tb, items ...timak.Item) {
	object, err := f.store.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	list := f.read(t)
	for _, item := range items {
		if i := slices.IndexFunc(list, func(old jsonItem) bool { return old.ID == item.ID }); i >= 0 {
			list = slices.Delete(list, i, i+1)
		}
		list = append(list, jsonItem{item.ID, item.At.UnixMicro(), item.At.UnixMicro(), item.Data})
	}
	value, err := json.Marshal(top(list))
	if err != nil {
		t.Fatalf("Marshal: %v", err)
	}
	if _, err := f.store.Put(t.Context(), key, value, object.Token); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

func (f jsonFeed) page(t tb, limit int) int { return min(limit, len(f.read(t))) }

// benchFeeds runs a benchmark on full timelines of each kind.
func benchFeeds(b *testing.B, siblings int, run func(b *testing.B, f feed)) {
	opts := timak.Options{MaxItems: benchItems}
	engine := func(r replica) feed { return engineFeed{r} }
	for _, bb := range []struct {
		name         string
		uncompressed bool
		over         func(replica) feed
	}{
		{"timak", false, engine},
		{"timak-uncompressed", true, engine},
		{"json", false, func(r replica) feed { return jsonFeed{r} }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			opts.Uncompressed = bb.uncompressed
			full := fullFeed(b, siblings, opts, bb.over)
			b.ReportAllocs()
			b.ResetTimer()
			run(b, bb.over(full))
			b.ReportMetric(float64(len(slices.Concat(full.siblings(b)...))), "stored-bytes")
		})
	}
}

// fullFeed returns a replica with so many siblings, each of the same items but
// one.
func fullFeed(b *testing.B, siblings int, opts timak.Options, over func(replica) feed) replica {
	items := make([]timak.Item, benchItems)
	for n := range items {
		items[n] = benchItem(n)
	}
	out := newReplica(opts)
	for n := range siblings {
		one := newReplica(opts)
		over(one).add(b, append(items, benchItem(benchItems+n))...)
		out.receive(b, one.siblings(b)...)
	}
	return out
}

func BenchmarkAddToFullTimeline(b *testing.B) {
	benchFeeds(b, 1, func(b *testing.B, f feed) {
		for n := benchItems; b.Loop(); n++ {
			f.add(b, benchItem(n))
		}
	})
}

func BenchmarkFirstPageOf20(b *testing.B) {
	benchFeeds(b, 1, func(b *testing.B, f feed) {
		for b.Loop() {
			if got := f.page(b, 20); got != 20 {
				b.Fatalf("got %d items, want 20", got)
			}
		}
	})
}

func BenchmarkMergeOf8Siblings(b *testing.B) {
	benchFeeds(b, 8, func(b *testing.B, f feed) {
		for b.Loop() {
			if got := f.page(b, 20); got != 20 {
				b.Fatalf("got %d items, want 20", got)
			}
		}
	})
}
