package riakstore_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/riakstore"
)

// feed is the timeline for tests that need only one; each test has its own bucket.
const feed = "brett:tweets"

// engine is an engine with the store that it uses.
type engine struct {
	*timak.Timelines
	store driver.Store
}

// newEngine returns an engine in a bucket that nobody else uses.
func newEngine(t testing.TB, opts timak.Options) engine {
	t.Helper()
	return engineOver(openFresh(t), opts)
}

func engineOver(store driver.Store, opts timak.Options) engine {
	opts.Logger = slog.New(slog.DiscardHandler)
	return engine{timak.New(store, &opts), store}
}

// twoStores returns two stores with separate connections, on one bucket that nobody
// else uses.
func twoStores(t testing.TB) (a, b *riakstore.Store) {
	t.Helper()
	nodes, opts := addresses(t), fresh()
	return open(t, nodes, opts), open(t, nodes, opts)
}

func at(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

func (e engine) apply(t testing.TB, key string, ops ...timak.Op) []timak.Outcome {
	t.Helper()
	results, err := e.Apply(t.Context(), key, ops...)
	if err != nil {
		t.Fatalf("Apply(%q): %v", key, err)
	}
	outcomes := make([]timak.Outcome, len(results))
	for i, result := range results {
		outcomes[i] = result.Outcome
	}
	return outcomes
}

func (e engine) put(t testing.TB, key string, items ...timak.Item) {
	t.Helper()
	ops := make([]timak.Op, len(items))
	for i, item := range items {
		ops[i] = timak.Put(item)
	}
	e.apply(t, key, ops...)
}

func (e engine) items(t testing.TB, key string) []timak.Item {
	t.Helper()
	timeline, err := e.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	return timeline.Items()
}

func (e engine) page(t testing.TB, query timak.Query, keys ...string) timak.Page {
	t.Helper()
	page, err := e.PageOf(t.Context(), keys, query)
	if err != nil {
		t.Fatalf("PageOf(%q, %+v): %v", keys, query, err)
	}
	return page
}

// walk reads pages from the beginning to the end, and then back to the beginning.
func (e engine) walk(t testing.TB, limit int, keys ...string) (forward, backward []timak.Item) {
	t.Helper()
	query := timak.Query{Limit: limit}
	for range 100 {
		page := e.page(t, query, keys...)
		if len(page.Items) > limit || page.More && len(page.Items) < limit {
			t.Errorf("%q by %d: got a page of %d, more %v", keys, limit, len(page.Items), page.More)
		}
		forward, query.Cursor = append(forward, page.Items...), page.Next
		if len(page.Items) == 0 {
			query.Cursor = page.Prev
			break
		}
	}
	for range 100 {
		page := e.page(t, query, keys...)
		backward, query.Cursor = slices.Concat(page.Items, backward), page.Prev
		if page.First {
			return forward, backward
		}
	}
	t.Fatalf("%q by %d: no end after 100 pages", keys, limit)
	return nil, nil
}

func (e engine) siblings(t testing.TB, key string) [][]byte {
	t.Helper()
	object, err := e.store.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("store.Get(%q): %v", key, err)
	}
	return object.Siblings
}

func (e engine) wantSiblings(t testing.TB, key string, want int) {
	t.Helper()
	if got := len(e.siblings(t, key)); got != want {
		t.Errorf("%q has %d siblings, want %d", key, got, want)
	}
}

func (e engine) wantItems(t testing.TB, key string, want ...timak.Item) {
	t.Helper()
	if d := diff(e.items(t, key), want); d != "" {
		t.Errorf("%q (-want +got)\n%s", key, d)
	}
}

func (e engine) wantIDs(t testing.TB, key, want string) {
	t.Helper()
	if got := idsOf(e.items(t, key)); got != want {
		t.Errorf("%q: got %q, want %q", key, got, want)
	}
}

func idsOf(items []timak.Item) string {
	var ids []string
	for _, item := range items {
		ids = append(ids, item.ID)
	}
	return strings.Join(ids, " ")
}

// diff is empty if got equals want; nil and empty count as equal.
func diff(got, want any) string {
	none := func(a, b []timak.Item) bool { return len(a)+len(b) == 0 }
	return cmp.Diff(want, got, cmp.Comparer(bytes.Equal), cmp.FilterValues(none, cmp.Comparer(none)))
}

// post returns the nth of items with about 200 bytes of JSON each.
func post(n int) timak.Item {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	words := strings.Fields("river table of the seven quiet engines and paper light under a moving sky")
	var body strings.Builder
	for body.Len() < 130 {
		body.WriteString(words[random.IntN(len(words))] + " ")
	}
	return timak.Item{
		ID: fmt.Sprintf("posts:%d", 100_000+n), At: at(1_700_000_000_000_000 + int64(n)*61_000_000 + random.Int64N(1_000_000)),
		Data: fmt.Appendf(nil, `{"id":%d,"author":"user%d","title":"Post number %d","body":%q}`, 100_000+n, random.IntN(5000), n, body.String()),
	}
}

// posts returns the first n posts, the newest first.
func posts(n int) []timak.Item {
	items := make([]timak.Item, n)
	for i := range items {
		items[n-1-i] = post(i)
	}
	return items
}

func TestEngine_addAndDelete(t *testing.T) {
	t.Parallel()
	e := newEngine(t, timak.Options{})
	a, b := timak.Item{ID: "a", At: at(-1), Data: []byte("\x00data")}, timak.Item{ID: "b", At: at(2)}
	for _, item := range []timak.Item{a, b} {
		if _, err := e.Add(t.Context(), feed, item); err != nil {
			t.Fatal(err)
		}
	}
	e.wantItems(t, feed, b, a)
	timeline, err := e.Delete(t.Context(), feed, "b")
	if err != nil || idsOf(timeline.Items()) != "a" {
		t.Errorf("Delete: got %q, %v, want a", timeline.IDs(), err)
	}
	e.wantItems(t, feed, a)
	e.wantSiblings(t, feed, 1)
}

func TestEngine_neverWritten(t *testing.T) {
	t.Parallel()
	e := newEngine(t, timak.Options{})
	e.wantItems(t, feed)
	for _, keys := range [][]string{{feed}, {feed, "another"}} {
		if d := diff(e.page(t, timak.Query{}, keys...), timak.Page{First: true}); d != "" {
			t.Errorf("page of %q (-want +got)\n%s", keys, d)
		}
	}
	e.apply(t, feed)
	e.wantSiblings(t, feed, 0)
}

func TestEngine_outcomes(t *testing.T) {
	t.Parallel()
	const start, later = 1_000_000_000, 1_000_000_000 + 2*3600*1_000_000
	now := int64(start)
	e := newEngine(t, timak.Options{
		MaxItems: 2, TombstoneTTL: time.Hour,
		Clock: func() time.Time { return at(now) },
	})
	put := func(id string, date int64) timak.Op { return timak.Put(timak.Item{ID: id, At: at(date)}) }
	for _, step := range []struct {
		about string
		now   int64
		op    timak.Op
		want  timak.Outcome
		ids   string
	}{
		{"the first", start, put("a", 1), timak.Applied, "a"},
		{"the second", start, put("b", 2), timak.Applied, "b a"},
		{"beyond capacity", start, put("z", 0), timak.FellOff, "b a"},
		{"an older version", start, put("a", 9).WithVersion(1), timak.Superseded, "b a"},
		{"a removal", start, timak.Remove("b"), timak.Applied, "a"},
		{"older than a removal", start, put("b", 9).WithVersion(1), timak.Superseded, "a"},
		{"older than a forgotten removal", later, put("c", 3).WithVersion(1), timak.Stale, "a"},
		{"new after that", later, put("b", 3), timak.Applied, "b a"},
	} {
		now = step.now
		if got := e.apply(t, feed, step.op)[0]; got != step.want {
			t.Errorf("%s: got %v, want %v", step.about, got, step.want)
		}
		e.wantIDs(t, feed, step.ids)
	}
}

// Paging both ways shows the timeline, of one key and of several, and a reader at
// the top finds new items.
func TestEngine_pages(t *testing.T) {
	t.Parallel()
	e := newEngine(t, timak.Options{})
	all := posts(50)
	e.put(t, "even and odd", all...)
	for i, item := range all {
		e.put(t, []string{"even", "odd"}[i%2], item)
	}
	for _, keys := range [][]string{{"even and odd"}, {"even", "odd"}, {"odd", "even and odd", "unwritten"}} {
		forward, backward := e.walk(t, 7, keys...)
		if d := diff(forward, all); d != "" {
			t.Errorf("%q forward (-want +got)\n%s", keys, d)
		}
		if d := diff(backward, all); d != "" {
			t.Errorf("%q backward (-want +got)\n%s", keys, d)
		}
	}
	top := e.page(t, timak.Query{}, "even", "odd")
	e.put(t, "odd", post(50))
	since := e.page(t, timak.Query{Cursor: top.Prev}, "even", "odd")
	if d := diff(since.Items, []timak.Item{post(50)}); d != "" || !since.First || !since.More {
		t.Errorf("since the first page: got %+v", since)
	}
}

func TestEngine_sources(t *testing.T) {
	t.Parallel()
	e := newEngine(t, timak.Options{})
	e.put(t, feed,
		timak.Item{ID: "1", At: at(1), Source: "author 7"},
		timak.Item{ID: "2", At: at(2), Source: "author 7"},
		timak.Item{ID: "3", At: at(3), Source: "author 7"},
		timak.Item{ID: "1", At: at(1), Source: "tag go"},
		timak.Item{ID: "2", At: at(2), Source: "tag go"})
	e.apply(t, feed, timak.RemoveEntry("2", "tag go"))
	e.wantIDs(t, feed, "3 2 1")
	e.apply(t, feed, timak.RemoveSource("author 7"))
	e.wantItems(t, feed, timak.Item{ID: "1", At: at(1), Source: "tag go"})
}

func TestEngine_capacity(t *testing.T) {
	t.Parallel()
	e := newEngine(t, timak.Options{MaxItems: 3})
	e.put(t, feed, posts(5)...)
	e.wantItems(t, feed, post(4), post(3), post(2))
	if _, err := e.Add(t.Context(), feed, post(5)); err != nil {
		t.Fatal(err)
	}
	e.wantItems(t, feed, post(5), post(4), post(3))
	wide := engine{e.Bounded(10), e.store}
	wide.wantItems(t, feed, post(5), post(4), post(3)) // the rest is not stored
	wide.put(t, feed, post(0))
	wide.wantItems(t, feed, post(5), post(4), post(3), post(0))
	e.wantItems(t, feed, post(5), post(4), post(3))
}

// A thousand items with 200 bytes of data each, read by another client.
func TestEngine_largeValue(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		uncompressed bool
		size         int // at least
	}{
		{"compressed", false, 20_000},
		{"uncompressed", true, 200_000},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, b := twoStores(t)
			opts := timak.Options{Uncompressed: test.uncompressed}
			writer, reader := engineOver(a, opts), engineOver(b, opts)
			writer.put(t, feed, posts(1000)...)
			reader.wantItems(t, feed, posts(1000)...)
			if got := len(reader.siblings(t, feed)[0]); got < test.size {
				t.Errorf("stored %d bytes, want at least %d", got, test.size)
			}
			writer.put(t, feed, post(1000)) // the last item falls off
			forward, backward := reader.walk(t, 300, feed)
			if want := posts(1001)[:1000]; diff(forward, want) != "" || diff(backward, want) != "" {
				t.Errorf("pages: got %q\nand %q", idsOf(forward), idsOf(backward))
			}
		})
	}
}

// meet makes the first puts of two stores wait for each other, so that neither
// writer has seen the other's value.
func meet(a, b driver.Store) (driver.Store, driver.Store) {
	var both sync.WaitGroup
	both.Add(2)
	wait := func(_ context.Context, call drivertest.Call) error {
		if call.Op == drivertest.Put && call.NOfOp == 1 {
			both.Done()
			both.Wait()
		}
		return nil
	}
	first, second := drivertest.NewFailing(a), drivertest.NewFailing(b)
	first.Before, second.Before = wait, wait
	return first, second
}

// Two engines on two stores change a timeline at the same time: both changes take
// effect, and the next write merges the siblings.
func TestEngine_siblingsMerge(t *testing.T) {
	t.Parallel()
	put := func(id string, date int64) timak.Op { return timak.Put(timak.Item{ID: id, At: at(date)}) }
	for _, test := range []struct {
		name        string
		first, then []timak.Op
		want        string
	}{
		{"two items", []timak.Op{put("a", 1)}, []timak.Op{put("b", 2)}, "last b a old"},
		{"one item, the newer version", []timak.Op{put("a", 5).WithVersion(10)}, []timak.Op{put("a", 1).WithVersion(9)}, "last a old"},
		{"removed, an older put", []timak.Op{timak.Remove("a").WithVersion(10)}, []timak.Op{put("a", 1).WithVersion(9)}, "last old"},
		{"removed, a newer put", []timak.Op{timak.Remove("a").WithVersion(10)}, []timak.Op{put("a", 1).WithVersion(11)}, "last a old"},
		{"what is there, removed", []timak.Op{timak.Remove("old")}, []timak.Op{put("b", 2)}, "last b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, b := twoStores(t)
			one := engineOver(a, timak.Options{})
			one.apply(t, feed, put("old", 0).WithVersion(1))
			atOnce(t, a, b, test.first, test.then)
			one.wantSiblings(t, feed, 2)
			one.apply(t, feed, put("last", 9))
			one.wantSiblings(t, feed, 1)
			engineOver(b, timak.Options{}).wantIDs(t, feed, test.want)
		})
	}
}

// atOnce applies ops with two engines that have read the same value.
func atOnce(t *testing.T, a, b driver.Store, first, then []timak.Op) {
	t.Helper()
	a, b = meet(a, b)
	var writers sync.WaitGroup
	apply := func(store driver.Store, ops []timak.Op) {
		writers.Go(func() {
			if _, err := timak.New(store, nil).Apply(t.Context(), feed, ops...); err != nil {
				t.Error(err)
			}
		})
	}
	apply(a, first)
	apply(b, then)
	writers.Wait()
}

// Two engines on two stores, with several writers each, write as fast as they can:
// nothing is lost, and a last write leaves one value.
func TestEngine_twoEngines(t *testing.T) {
	t.Parallel()
	const writers, each = 4, 15
	a, b := twoStores(t)
	engines := []engine{engineOver(a, timak.Options{}), engineOver(b, timak.Options{})}
	want := make([]timak.Item, writers*each)
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := w; i < len(want); i += writers {
				item := timak.Item{ID: fmt.Sprint(i), At: at(int64(i)), Data: fmt.Append(nil, "by ", w)}
				want[len(want)-1-i] = item
				if _, err := engines[w%2].Add(t.Context(), feed, item); err != nil {
					t.Errorf("add %d: %v", i, err)
				}
			}
		})
	}
	group.Wait()
	last := timak.Item{ID: "last", At: at(writers * each)}
	engines[0].put(t, feed, last)
	engines[0].wantSiblings(t, feed, 1)
	engines[1].wantItems(t, feed, append([]timak.Item{last}, want...)...)
}

// Every engine remembers a removal until it expires, even in a timeline that shows
// nothing: a late writer does not bring the item back.
func TestEngine_tombstones(t *testing.T) {
	t.Parallel()
	a, b := twoStores(t)
	one, other := engineOver(a, timak.Options{}), engineOver(b, timak.Options{})
	item := timak.Item{ID: "a", At: at(1), Source: "author 7"}
	for name, removal := range map[string]timak.Op{
		"of an item": timak.Remove("a"), "of an entry": timak.RemoveEntry("a", "author 7"), "of a source": timak.RemoveSource("author 7"),
	} {
		one.put(t, name, item)
		one.apply(t, name, removal)
		one.wantItems(t, name)
		one.wantSiblings(t, name, 1)
		late := timak.Put(item).WithVersion(1)
		if got := other.apply(t, name, late)[0]; got != timak.Superseded {
			t.Errorf("a late put after the removal %s: got %v, want superseded", name, got)
		}
		other.put(t, name, item)
		one.wantItems(t, name, item)
	}
}
