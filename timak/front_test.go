package timak_test

import (
	"bytes"
	"context"
	"encoding/binary"
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
	memstore.Adder
	gets, parts atomic.Int64
	piles       atomic.Int64 // parts with additions
	damage      func(part []byte)
}

func (p *parting) Get(ctx context.Context, key string) (driver.Object, error) {
	p.gets.Add(1)
	return p.Adder.Get(ctx, key)
}

func (p *parting) GetPart(ctx context.Context, key string, length int) (driver.Object, bool, error) {
	p.parts.Add(1)
	object, err := p.Adder.Get(ctx, key)
	whole, parts := true, make([][]byte, len(object.Siblings))
	for i, value := range object.Siblings {
		whole = whole && len(value) <= length
		parts[i] = bytes.Clone(value[:min(length, len(value))])
		if p.damage != nil {
			p.damage(parts[i])
		}
	}
	if err != nil || whole {
		return object, true, err
	}
	if len(parts) > 1 {
		p.piles.Add(1)
	}
	return driver.Object{Siblings: parts}, false, nil
}

// newParting returns a store of parts. Timelines are added to from a size on.
func newParting(addFrom int) *parting {
	return &parting{Adder: memstore.Adder{Store: memstore.New(), From: addFrom}}
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
		store := newParting(1 << 30)
		opts := timak.Options{
			Order:    rapid.SampledFrom([]timak.Order{timak.NewestFirst, timak.NewestFirst, timak.NewestFirst, timak.OldestFirst}).Draw(t, "order"),
			MaxItems: rapid.SampledFrom([]int{5, 30, 200, 1000}).Draw(t, "max"),
		}
		engine, plain := timak.New(store, &opts), timak.New(store.Adder, &opts)
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
			wantSameFronts(t, rapid.IntRange(1, 100).Draw(t, "limit"), engine, plain)
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

// wantSameFronts reads a first page in all ways.
func wantSameFronts(t *rapid.T, limit int, engine, plain *timak.Timelines) {
	query := timak.Query{Limit: limit}
	wantSame(t, "Page", func(e *timak.Timelines) (any, error) { return e.Page(t.Context(), key, query) }, engine, plain)
	wantSame(t, "PageThrough", func(e *timak.Timelines) (any, error) {
		return e.PageThrough(t.Context(), key, query, func(context.Context, timak.Range) ([]timak.Item, error) {
			return []timak.Item{{ID: "below", At: time.Unix(-1000, 0)}, {ID: "above", At: time.Unix(2000, 0)}}, nil
		})
	}, engine, plain)
	wantSame(t, "Unread", func(e *timak.Timelines) (any, error) { return e.Unread(t.Context(), key, query.Limit) }, engine, plain)
}

// The first pages of a timeline that is added to are the same, too.
func TestFront_additions(t *testing.T) {
	t.Parallel()
	piles := int64(0)
	defer func() {
		if piles < 100 {
			t.Errorf("%d parts with additions were read", piles)
		}
	}()
	rapid.Check(t, func(t *rapid.T) {
		store := newParting(0)
		opts := timak.Options{MaxItems: rapid.SampledFrom([]int{100, 130, 1000}).Draw(t, "max")}
		engine, plain := timak.New(store, &opts), timak.New(store.Adder, &opts)
		put := func(n, date int, source string, size int) timak.Op {
			return timak.Put(timak.Item{ID: fmt.Sprint("posts:", n), At: time.Unix(int64(date), 0), Source: source, Data: noise(uint64(n), size)})
		}
		sizeOf := func(n int) int { return 300 * (n % 2) } // an addition can remove what has no data
		var base []timak.Op
		for n := range 130 {
			base = append(base, put(n, n, "", sizeOf(n)))
		}
		if _, err := engine.Apply(t.Context(), key, base...); err != nil {
			t.Fatal(err)
		}
		if _, err := engine.Page(t.Context(), key, timak.Query{Limit: 50}); err != nil { // the most that is asked for
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 14).Draw(t, "changes") {
			n := 134 - rapid.IntRange(0, 40).Draw(t, "item")
			source := rapid.SampledFrom([]string{"", "", "another"}).Draw(t, "source")
			op := put(n, n, source, sizeOf(n))
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				op = timak.Remove(fmt.Sprint("posts:", n))
			case 1:
				op = timak.RemoveEntry(fmt.Sprint("posts:", n), source)
			case 2:
				op = put(n, rapid.IntRange(60, 140).Draw(t, "to"), source, sizeOf(n))
			case 3:
				op = put(n, n, source, rapid.SampledFrom([]int{1, 3000, 12000}).Draw(t, "size"))
			}
			if _, err := engine.Apply(t.Context(), key, op); err != nil {
				t.Fatal(err)
			}
			wantSameFronts(t, rapid.IntRange(1, 30).Draw(t, "limit"), engine, plain)
		}
		piles += store.piles.Load()
	})
}

// A head that is longer than what was asked for is asked for.
func TestFront_longHead(t *testing.T) {
	t.Parallel()
	store := newParting(0)
	engine := timak.New(store, nil)
	put := func(n int) timak.Op {
		return timak.Put(timak.Item{ID: fmt.Sprint("posts:", n), At: time.Unix(int64(n), 0), Source: fmt.Sprintf("follow:%027d", n%400)})
	}
	var ops []timak.Op
	for n := range 1000 {
		ops = append(ops, put(n))
	}
	for _, ops := range [][]timak.Op{ops, {put(2000)}} {
		if _, err := engine.Apply(t.Context(), key, ops...); err != nil {
			t.Fatal(err)
		}
		reader := timak.New(store, nil)
		store.gets.Store(0)
		store.parts.Store(0)
		for range 10 {
			if page, err := reader.Page(t.Context(), key, timak.Query{}); err != nil || len(page.Items) != 20 {
				t.Fatalf("got %d items, %v", len(page.Items), err)
			}
		}
		store.wantReads(t, "a long head", 10, 1)
	}
}

// Additions cost a first page no second fetch, however many there are: unless one is so
// large that it would be cut off.
func TestFront_fetchesAdditions(t *testing.T) {
	t.Parallel()
	store := newParting(0)
	engine := timak.New(store, nil)
	if _, err := engine.Apply(t.Context(), key, bench.Fill(bench.MaxItems, bench.Post)...); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Page(t.Context(), key, timak.Query{Limit: 50}); err != nil { // the largest so far
		t.Fatal(err)
	}
	learning, learned := timak.New(store, nil), int64(0)
	page := func(what string, parts, gets int64) {
		t.Helper()
		store.gets.Store(0)
		if _, err := learning.Page(t.Context(), key, timak.Query{}); err != nil {
			t.Fatal(err)
		}
		learned += store.gets.Load()
		store.parts.Store(0)
		store.gets.Store(0)
		if page, err := engine.Page(t.Context(), key, timak.Query{}); err != nil || len(page.Items) != 20 {
			t.Fatalf("%s: %d items, %v", what, len(page.Items), err)
		}
		store.wantReads(t, what, parts, gets)
	}
	apply := func(op timak.Op) {
		t.Helper()
		if _, err := engine.Apply(t.Context(), key, op); err != nil {
			t.Fatal(err)
		}
	}
	page("at first", 1, 0)
	for n := range 8 {
		apply(timak.Put(bench.Post(bench.MaxItems + n)))
		page(fmt.Sprint("added ", n), 1, 0)
	}
	for n := range 8 {
		moved := bench.Post(bench.MaxItems - 1 - n)
		moved.At = moved.At.AddDate(0, 0, -1)
		apply(timak.Put(moved))
		page(fmt.Sprint("moved ", n), 1, 0)
	}
	apply(timak.Put(bench.Post(bench.MaxItems + 8))) // and all is one value again
	page("whole", 1, 0)
	if learned > 2 {
		t.Errorf("a reader of 18 first pages read all %d times before it knew how much it needs", learned)
	}
	large := bench.Post(bench.MaxItems + 9)
	large.Data = noise(1, 16000)
	apply(timak.Put(large))
	page("large, at first", 1, 1)
	for range 3 {
		page("large", 0, 1)
	}
}

// noise returns data that does not compress.
func noise(seed uint64, size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte(binary.LittleEndian.AppendUint64(make([]byte, 24), seed))).Read(data)
	return data
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
	store := newParting(1 << 30)
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
		store := newParting(1 << 30)
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
	store := newParting(1 << 30)
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
	store := newParting(1 << 30)
	plain := timak.New(store.Adder, &timak.Options{MaxItems: 100})
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
