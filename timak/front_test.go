package timak_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/memstore"
)

// parting is a store that returns the beginning of values, and counts its reads.
type parting struct {
	*memstore.Store
	gets, parts atomic.Int64
	damage      func(part []byte)
}

func (p *parting) Get(ctx context.Context, key string) (driver.Object, error) {
	p.gets.Add(1)
	return p.Store.Get(ctx, key)
}

func (p *parting) GetPart(ctx context.Context, key string, length int) (driver.Object, bool, error) {
	p.parts.Add(1)
	object, err := p.Store.Get(ctx, key)
	if err != nil || len(object.Siblings) != 1 || len(object.Siblings[0]) <= length {
		return object, true, err
	}
	part := bytes.Clone(object.Siblings[0][:length])
	if p.damage != nil {
		p.damage(part)
	}
	return driver.Object{Siblings: [][]byte{part}}, false, nil
}

func (p *parting) wantReads(t tb, what string, parts, gets int64) {
	t.Helper()
	if p.parts.Load() != parts || p.gets.Load() != gets {
		t.Errorf("%s: got %d reads of a part and %d of all, want %d and %d", what, p.parts.Load(), p.gets.Load(), parts, gets)
	}
	p.parts.Store(0)
	p.gets.Store(0)
}

// A page, a page past the end and the number of unread items are the same over a store
// that reads parts as over one that does not.
func TestFront(t *testing.T) {
	t.Parallel()
	parts := int64(0)
	rapid.Check(t, func(t *rapid.T) {
		store := &parting{Store: memstore.New()}
		opts := timak.Options{
			Order:    rapid.SampledFrom([]timak.Order{timak.NewestFirst, timak.NewestFirst, timak.NewestFirst, timak.OldestFirst}).Draw(t, "order"),
			MaxItems: rapid.SampledFrom([]int{5, 30, 200, 1000}).Draw(t, "max"),
		}
		engine, plain := timak.New(store, &opts), timak.New(store.Store, &opts)
		// Some are written by an engine that keeps more than this one.
		writers := []*timak.Timelines{engine, engine, plain.Bounded(2000)}
		for ops := drawnOps(t); len(ops) > 0; {
			n := rapid.IntRange(1, len(ops)).Draw(t, "at once")
			if _, err := rapid.SampledFrom(writers).Draw(t, "writer").Apply(t.Context(), key, ops[:n]...); err != nil {
				t.Fatal(err)
			}
			ops = ops[n:]
		}
		mark, err := plain.Page(t.Context(), key, timak.Query{Limit: rapid.IntRange(1, 100).Draw(t, "seen")})
		if err != nil {
			t.Fatal(err)
		}
		if err := plain.MarkSeen(t.Context(), key, rapid.SampledFrom([]string{"", mark.Next, mark.Prev}).Draw(t, "mark")); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			query := timak.Query{Limit: rapid.IntRange(1, 100).Draw(t, "limit")}
			wantSame(t, "Page", func(e *timak.Timelines) (any, error) { return e.Page(t.Context(), key, query) }, engine, plain)
			wantSame(t, "PageThrough", func(e *timak.Timelines) (any, error) {
				return e.PageThrough(t.Context(), key, query, func(context.Context, timak.Range) ([]timak.Item, error) {
					return []timak.Item{{ID: "below", At: time.Unix(-1000, 0)}, {ID: "above", At: time.Unix(2000, 0)}}, nil
				})
			}, engine, plain)
			wantSame(t, "Unread", func(e *timak.Timelines) (any, error) { return e.Unread(t.Context(), key, query.Limit) }, engine, plain)
		}
		parts += store.parts.Load()
	})
	if parts == 0 {
		t.Error("no part was read")
	}
}

// drawnOps put items, remove the newest of them, and put some that are older than all:
// they come after the floor, if there is one.
func drawnOps(t *rapid.T) []timak.Op {
	size := rapid.IntRange(0, 1000).Draw(t, "bytes of data")
	items := rapid.IntRange(0, 500).Draw(t, "items")
	removed := rapid.SampledFrom([]int{0, 0, 15, items - 10, items - 30}).Draw(t, "removed")
	old := rapid.SampledFrom([]int{0, 0, 10, 100}).Draw(t, "old")
	var ops []timak.Op
	put := func(n int) {
		data := []byte(strings.Repeat(fmt.Sprintf("%4d ", n), size/5))
		ops = append(ops, timak.Put(timak.Item{ID: fmt.Sprint("posts:", n), At: time.Unix(int64(n), 0), Data: data}))
	}
	for n := range items {
		put(n + 1)
	}
	for n := range max(0, removed) {
		ops = append(ops, timak.Remove(fmt.Sprint("posts:", items-n)))
	}
	for n := range old {
		put(-1 - n)
	}
	return ops
}

func wantSame(t *rapid.T, what string, ask func(*timak.Timelines) (any, error), engine, plain *timak.Timelines) {
	got, err := ask(engine)
	want, wantErr := ask(plain)
	if fmt.Sprint(err) != fmt.Sprint(wantErr) || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: got %+v, %v\nwant %+v, %v", what, got, err, want, wantErr)
	}
}

// The first page of a full timeline costs one fetch of a part. Where items are large the
// first one costs a second fetch, and the next ones do not, though small ones are read in
// between.
func TestFront_fetches(t *testing.T) {
	t.Parallel()
	store := &parting{Store: memstore.New()}
	engine := timak.New(store, nil)
	large := func(n int) timak.Item {
		item := bench.Bookmark(n)
		item.Data = []byte(strings.Repeat(string(bench.Post(n).Data), 10))
		return item
	}
	for key, item := range map[string]func(int) timak.Item{"posts": bench.Post, "large": large} {
		if _, err := engine.Apply(t.Context(), key, bench.Fill(bench.MaxItems, item)...); err != nil {
			t.Fatal(err)
		}
	}
	pages := func(key string, n int) {
		for range n {
			if page, err := engine.Page(t.Context(), key, timak.Query{}); err != nil || len(page.Items) != 20 || !page.More || !page.First {
				t.Fatalf("Page: %+v, %v", page, err)
			}
		}
	}
	store.wantReads(t, "writes", 0, 2)
	pages("posts", 100)
	store.wantReads(t, "posts", 100, 0)
	if read, most := engine.Stats().BytesRead, int64(100*8<<10); read > most {
		t.Errorf("100 pages read %d bytes, want at most %d", read, most)
	}
	pages("large", 1)
	store.wantReads(t, "the first large one", 1, 1)
	for range 20 {
		pages("posts", 5)
		pages("large", 1)
	}
	store.wantReads(t, "both", 120, 0)
	pages("posts", 5000)
	before := engine.Stats().BytesRead
	pages("posts", 1)
	if read := engine.Stats().BytesRead - before; read > 16<<10 {
		t.Errorf("long after the last large page, a page reads %d bytes", read)
	}
}

// A value that cannot be read in parts costs two fetches once, and then one, until it can
// be: that with an item that is there for two reasons, one that has more items than the
// reader sees, and one whose page needs very much.
func TestFront_whole(t *testing.T) {
	t.Parallel()
	shared := timak.Put(timak.Item{ID: "posts:1", At: time.Unix(1e9, 0), Source: "mention"})
	huge := bench.Fill(30, func(n int) timak.Item {
		data := make([]byte, 64<<10)
		_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(data) // never fails
		return timak.Item{ID: fmt.Sprint(n), At: time.Unix(int64(n), 0), Data: data}
	})
	for _, tt := range []struct {
		name   string
		ops    []timak.Op
		limit  int        // of what the reader sees
		mended []timak.Op // makes it one that can be read in parts
	}{
		{"shared", append(bench.Fill(bench.MaxItems, bench.Post), shared, timak.Put(timak.Item{ID: "posts:1", At: time.Unix(1e9, 0)})), 2000, []timak.Op{timak.Remove("posts:1")}},
		{"too many", bench.Fill(bench.MaxItems, bench.Post), 500, nil},
		{"huge", huge, 1000, nil},
	} {
		store := &parting{Store: memstore.New()}
		engine := timak.New(store, &timak.Options{MaxItems: 2000})
		if _, err := engine.Apply(t.Context(), key, tt.ops...); err != nil {
			t.Fatal(err)
		}
		reader := engine.Bounded(tt.limit)
		pages := func(what string, parts, gets int64) {
			store.gets.Store(0)
			for range 10 {
				if page, err := reader.Page(t.Context(), key, timak.Query{}); err != nil || len(page.Items) != 20 {
					t.Fatalf("%s: %d items, %v", tt.name, len(page.Items), err)
				}
			}
			store.wantReads(t, tt.name+", "+what, parts, gets)
		}
		pages("first", 1, 10)
		pages("then", 0, 10)
		if tt.mended == nil {
			continue
		}
		if _, err := engine.Apply(t.Context(), key, tt.mended...); err != nil {
			t.Fatal(err)
		}
		pages("mended", 9, 1)
	}
}

// A part that is damaged shows nothing, and the page says so or is read as a whole.
func TestFront_damage(t *testing.T) {
	t.Parallel()
	store := &parting{Store: memstore.New()}
	engine := timak.New(store, nil)
	if _, err := engine.Apply(t.Context(), key, bench.Fill(bench.MaxItems, bench.Post)...); err != nil {
		t.Fatal(err)
	}
	want, err := engine.Page(t.Context(), key, timak.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < 8<<10; at += 3 {
		store.damage = func(part []byte) { part[at] ^= 4 }
		page, err := engine.Page(t.Context(), key, timak.Query{})
		if err == nil && !reflect.DeepEqual(page, want) || err != nil && len(page.Items) > 0 {
			t.Fatalf("byte %d: got %+v, %v", at, page, err)
		}
	}
}

// A page that goes on past the floor looks at the item after it. Wherever the part ends,
// that item is at hand.
func TestFront_itemAfterThePage(t *testing.T) {
	t.Parallel()
	store := &parting{Store: memstore.New()}
	plain := timak.New(store.Store, &timak.Options{MaxItems: 100})
	none := func(context.Context, timak.Range) ([]timak.Item, error) { return nil, nil }
	for size := 100; size <= 1000; size += 50 {
		key := fmt.Sprint("of ", size)
		for n := range 150 {
			data := make([]byte, size)
			_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(data) // never fails
			if _, err := plain.Add(t.Context(), key, timak.Item{ID: fmt.Sprint(n), At: time.Unix(int64(n)-1000, 0), Data: data}); err != nil {
				t.Fatal(err)
			}
		}
		for limit := 1; limit < 40; limit++ {
			page, err := timak.New(store, &timak.Options{MaxItems: 100}).PageThrough(t.Context(), key, timak.Query{Limit: limit}, none)
			if err != nil || len(page.Items) != limit {
				t.Errorf("%d items of %d bytes: got %d, %v", limit, size, len(page.Items), err)
			}
		}
	}
	if store.parts.Load() <= store.gets.Load() {
		t.Error("few pages were read from parts")
	}
}
