package redisstore_test

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

// The baselines are go-redis alone, by the same client: one that fetches or stores the
// value under a key, one that fetches as many bytes as a first page does, and
// bench.SortedSets.
// The server is on the same machine; set TIMAK_TEST_REDIS to measure with another.

// peers are full timelines, one for each caller, in three forms.
type peers struct {
	client  redis.UniversalClient
	prefix  string
	store   *redisstore.Store
	engine  *timak.Timelines
	sorted  bench.SortedSets
	item    func(n int) timak.Item
	value   []byte         // of a timeline
	tokens  []driver.Token // of each caller's timeline, for put
	callers int
	next    atomic.Int64
}

// benchmarkPeers compares what a caller does with what another does.
func benchmarkPeers(b *testing.B, opts timak.Options, ours, theirs func(p *peers, b *testing.B, caller, n int)) {
	for _, items := range []struct {
		name string
		item func(n int) timak.Item
	}{{"no data", bench.Bookmark}, {"200 B of data", bench.Post}} {
		for _, callers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/callers=%d", items.name, callers), func(b *testing.B) {
				p := newPeers(b, opts, items.item, callers)
				bench.InTurns(b, bench.Cost, p.each(b, ours), p.each(b, theirs))
			})
		}
	}
}

func newPeers(b *testing.B, opts timak.Options, item func(n int) timak.Item, callers int) *peers {
	b.Helper()
	p := &peers{client: connect(b, redistest.URL(b)+"?pool_size=32"), prefix: redistest.Prefix(b), item: item, callers: callers}
	p.next.Store(bench.MaxItems)
	var err error
	if p.store, err = redisstore.New(b.Context(), p.client, &redisstore.Options{Prefix: p.prefix}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closeStore(b, p.store) })
	opts.Logger = slog.New(slog.DiscardHandler)
	p.engine = timak.New(p.store, &opts)
	for caller := range callers {
		p.fill(b, caller)
	}
	p.sorted = bench.NewSortedSets(b, p.client, p.prefix, callers, item)
	return p
}

func (p *peers) fill(b *testing.B, caller int) {
	b.Helper()
	if _, err := p.engine.Apply(b.Context(), timeline(caller), bench.Fill(bench.MaxItems, p.item)...); err != nil {
		b.Fatal(err)
	}
	object, err := p.store.Get(b.Context(), timeline(caller))
	if err != nil {
		b.Fatal(err)
	}
	p.value, p.tokens = object.Siblings[0], append(p.tokens, object.Token)
	p.set(b, caller, 0)
	const pageReads = 16 << 10 // of a value of at least twice as many bytes
	read := p.value
	if len(read) >= 2*pageReads {
		read = read[:pageReads]
	}
	if err := p.client.Set(b.Context(), p.beginningKey(caller), read, 0).Err(); err != nil {
		b.Fatal(err)
	}
}

// each returns what all callers do at once, each time with another number.
func (p *peers) each(b *testing.B, do func(p *peers, b *testing.B, caller, n int)) func() {
	return bench.Together(p.callers, func(caller int) { do(p, b, caller, int(p.next.Add(1))) })
}

func timeline(caller int) string { return fmt.Sprintf("author:%d:posts", caller) }

func (p *peers) bareKey(caller int) string { return p.prefix + "bare:" + timeline(caller) }

func (p *peers) beginningKey(caller int) string { return p.prefix + "beginning:" + timeline(caller) }

func (p *peers) get(b *testing.B, caller, _ int) {
	if object, err := p.store.Get(b.Context(), timeline(caller)); err != nil || len(object.Siblings) != 1 {
		b.Errorf("got %d siblings, %v, want 1", len(object.Siblings), err)
	}
}

// put writes the same value over the one before.
func (p *peers) put(b *testing.B, caller, _ int) {
	token, err := p.store.Put(b.Context(), timeline(caller), p.value, p.tokens[caller])
	if err != nil || token == nil {
		b.Errorf("got token %x, %v, want a token", token, err)
	}
	p.tokens[caller] = token
}

func (p *peers) page(b *testing.B, caller, _ int) {
	if page, err := p.engine.Page(b.Context(), timeline(caller), timak.Query{Limit: 20}); err != nil || len(page.Items) != 20 {
		b.Errorf("got %d items, %v, want 20", len(page.Items), err)
	}
}

func (p *peers) add(b *testing.B, caller, n int) {
	if _, err := p.engine.Apply(b.Context(), timeline(caller), timak.Put(p.item(n))); err != nil {
		b.Error(err)
	}
}

func (p *peers) fetch(b *testing.B, caller, _ int) { p.fetchKey(b, p.bareKey(caller)) }

func (p *peers) fetchBeginning(b *testing.B, caller, _ int) { p.fetchKey(b, p.beginningKey(caller)) }

func (p *peers) fetchKey(b *testing.B, key string) {
	if value, err := p.client.Get(b.Context(), key).Bytes(); err != nil || len(value) == 0 {
		b.Errorf("got %d bytes, %v", len(value), err)
	}
}

func (p *peers) set(b *testing.B, caller, _ int) {
	if err := p.client.Set(b.Context(), p.bareKey(caller), p.value, 0).Err(); err != nil {
		b.Error(err)
	}
}

func (p *peers) fetchAndSet(b *testing.B, caller, n int) {
	p.fetch(b, caller, n)
	p.set(b, caller, n)
}

func (p *peers) zrevrange(b *testing.B, caller, _ int) { p.sorted.Page(b, caller) }

func (p *peers) zadd(b *testing.B, caller, n int) { p.sorted.Add(b, caller, p.item(n)) }

// BenchmarkGet and BenchmarkPut measure the store's own share.
func BenchmarkGet(b *testing.B) { benchmarkPeers(b, timak.Options{}, (*peers).get, (*peers).fetch) }

func BenchmarkPut(b *testing.B) { benchmarkPeers(b, timak.Options{}, (*peers).put, (*peers).set) }

func BenchmarkPage(b *testing.B) {
	b.Run("fetch", func(b *testing.B) { benchmarkPeers(b, timak.Options{}, (*peers).page, (*peers).fetch) })
	b.Run("beginning", func(b *testing.B) { benchmarkPeers(b, timak.Options{}, (*peers).page, (*peers).fetchBeginning) })
	b.Run("sorted set", func(b *testing.B) { benchmarkPeers(b, timak.Options{}, (*peers).page, (*peers).zrevrange) })
}

// BenchmarkAddAgain measures the process that wrote the timeline last.
func BenchmarkAddAgain(b *testing.B) {
	b.Run("store", func(b *testing.B) { benchmarkPeers(b, timak.Options{}, (*peers).add, (*peers).set) })
	b.Run("sorted set", func(b *testing.B) { benchmarkPeers(b, timak.Options{}, (*peers).add, (*peers).zadd) })
}

// BenchmarkAddCold measures a process that has not written the timeline before.
func BenchmarkAddCold(b *testing.B) {
	b.Run("fetch and store", func(b *testing.B) {
		benchmarkPeers(b, timak.Options{CacheBytes: -1}, (*peers).add, (*peers).fetchAndSet)
	})
	b.Run("sorted set", func(b *testing.B) { benchmarkPeers(b, timak.Options{CacheBytes: -1}, (*peers).add, (*peers).zadd) })
}
