package riakstore_test

import (
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/riaktest"
)

// The baseline is Riak's client alone, which fetches, or fetches and stores, as
// many bytes under a key of its own: the figures are what timelines cost compared
// with what an application pays anyway. The server runs in the same process, does
// very little, and counts for both sides; set TIMAK_TEST_RIAK to measure with a
// real one. The allocations include the server's.

// pair is an engine and a client that hold the same bytes.
type pair struct {
	e      engine
	client bare
	item   func(n int) timak.Item
}

// bareKey holds the same value as feed, for the client alone.
const bareKey = feed + " (bare)"

// benchmarkPairs runs a benchmark on full timelines, with various latencies: none
// on the default server.
func benchmarkPairs(b *testing.B, opts timak.Options, ours, theirs func(b *testing.B, p pair)) {
	for _, bb := range []struct {
		name    string
		item    func(n int) timak.Item
		latency time.Duration
	}{
		{"no data", bench.Bookmark, 0},
		{"200 B of data", bench.Post, 0},
		{"200 B of data, 1 ms", bench.Post, time.Millisecond},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p := newPair(b, slowly(b, bb.latency), opts, bb.item)
			bench.InTurns(b, bench.Cost, func() { ours(b, p) }, func() { theirs(b, p) })
		})
	}
}

// slowly returns the addresses of a cluster that answers with a delay.
func slowly(b *testing.B, latency time.Duration) []string {
	if latency == 0 {
		return addresses(b)
	}
	cluster := riaktest.Start(b, nil)
	cluster.Inject(riaktest.Match{}, riaktest.Delay(latency))
	return cluster.Addresses()
}

func newPair(b *testing.B, nodes []string, timelines timak.Options, item func(n int) timak.Item) pair {
	opts := fresh()
	p := pair{engineOver(open(b, nodes, opts), timelines), newBare(b, nodes, opts), item}
	p.e.apply(b, feed, bench.Fill(bench.MaxItems, item)...)
	p.client.store(b, bareKey, p.e.siblings(b, feed)[0], nil)
	return p
}

// fetchAndStore is what a write costs without timelines.
func (p pair) fetchAndStore(b *testing.B) {
	siblings, vclock := p.client.fetch(b, bareKey)
	p.client.store(b, bareKey, siblings[0].Value, vclock)
}

// BenchmarkGet measures the store's own share.
func BenchmarkGet(b *testing.B) {
	benchmarkPairs(b, timak.Options{},
		func(b *testing.B, p pair) { p.e.siblings(b, feed) },
		func(b *testing.B, p pair) { p.client.fetch(b, bareKey) })
}

func BenchmarkPage(b *testing.B) {
	benchmarkPairs(b, timak.Options{},
		func(b *testing.B, p pair) { p.e.page(b, timak.Query{}, feed) },
		func(b *testing.B, p pair) { p.client.fetch(b, bareKey) })
}

// BenchmarkAddCold measures a process that has not written the timeline before.
func BenchmarkAddCold(b *testing.B) {
	benchmarkAdd(b, timak.Options{CacheBytes: -1})
}

// BenchmarkAddAgain measures the process that wrote the timeline last.
func BenchmarkAddAgain(b *testing.B) {
	benchmarkAdd(b, timak.Options{})
}

func benchmarkAdd(b *testing.B, opts timak.Options) {
	next := bench.MaxItems
	benchmarkPairs(b, opts,
		func(b *testing.B, p pair) {
			if _, err := p.e.Add(b.Context(), feed, p.item(next)); err != nil {
				b.Fatal(err)
			}
			next++
		},
		func(b *testing.B, p pair) { p.fetchAndStore(b) })
}

// BenchmarkGroupCommit measures many goroutines that add to one timeline at once,
// when Riak takes two milliseconds to answer: with a shared engine, whose writes
// share round trips, and with an engine each, whose writes become siblings.
func BenchmarkGroupCommit(b *testing.B) {
	const goroutines, each = 64, 4
	cluster := riaktest.Start(b, nil)
	cluster.Inject(riaktest.Match{}, riaktest.Delay(2*time.Millisecond))
	opts := fresh()
	opts.RequestTimeout, opts.RetryTime = time.Minute, time.Minute // a slow machine must not look like a lost answer
	store := open(b, cluster.Addresses(), opts)
	next := bench.MaxItems
	add := func(engineOf func(i int) engine) {
		var all sync.WaitGroup
		for i := range goroutines {
			e, from := engineOf(i), next+i*each
			all.Go(func() {
				for n := range each {
					if _, err := e.Add(b.Context(), feed, bench.Bookmark(from+n)); err != nil {
						b.Error(err)
					}
				}
			})
		}
		all.Wait()
		next += goroutines * each
	}
	shared := engineOver(store, timak.Options{})
	shared.apply(b, feed, bench.Fill(bench.MaxItems, bench.Bookmark)...)
	together := func() {
		add(func(int) engine { return shared })
		if got := len(shared.siblings(b, feed)); got != 1 {
			b.Errorf("%d siblings, want 1", got)
		}
	}
	alone := func() {
		add(func(int) engine { return engineOver(store, timak.Options{}) })
		shared.apply(b, feed) // merges the siblings
	}
	bench.InTurns(b, bench.Speedup, together, alone)
}
