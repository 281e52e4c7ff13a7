package riakstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
)

// Each benchmark takes turns between the engine and Riak's client alone, which
// fetches, or fetches and stores, as many bytes under a key of its own. ns/op is
// the engine's median, bare-ns/op the client's, and x-bare the median of the
// ratios, pair by pair: what an application pays for timelines over what it pays
// anyway. The server, which runs in the same process, does next to nothing; set
// TIMAK_TEST_RIAK for what a real one leaves of the ratio.

// pair is an engine and a client that hold the same bytes.
type pair struct {
	e      engine
	client bare
	item   func(n int) timak.Item
}

// bareKey holds what is under feed, for the client alone.
const bareKey = feed + " (bare)"

// benchmarkPairs runs a benchmark on full timelines.
func benchmarkPairs(b *testing.B, ours, theirs func(b *testing.B, p pair)) {
	for _, bb := range []struct {
		name string
		item func(n int) timak.Item
	}{
		{"1000 items", bookmark},
		{"1000 items of 200 B", post},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p := newPair(b, bb.item)
			inTurns(b, func() { ours(b, p) }, func() { theirs(b, p) })
			b.ReportMetric(float64(len(p.e.siblings(b, feed)[0])), "stored-bytes")
		})
	}
}

func newPair(b *testing.B, item func(n int) timak.Item) pair {
	nodes, opts := addresses(b), fresh()
	store := open(b, nodes, opts)
	p := pair{engineOver(store, timak.Options{}), newBare(b, nodes, opts), item}
	ops := make([]timak.Op, 1000)
	for n := range ops { // each with a version of its own, as if added alone within a second
		ops[n] = timak.Put(item(n)).WithVersion(item(n).At.UnixMicro() + int64(n)*618_034%1_000_000)
	}
	p.e.apply(b, feed, ops...)
	p.client.store(b, bareKey, p.e.siblings(b, feed)[0], nil)
	return p
}

// bookmark is a post without data.
func bookmark(n int) timak.Item {
	item := post(n)
	item.Data = nil
	return item
}

// inTurns times both, and lets each be the first as often as the other.
func inTurns(b *testing.B, ours, theirs func()) {
	var oursNs, theirsNs, ratios []float64
	ours()
	theirs()
	for n := 0; b.Loop(); n++ {
		var x, y float64
		if n%2 == 0 {
			x, y = nanoseconds(ours), nanoseconds(theirs)
		} else {
			y, x = nanoseconds(theirs), nanoseconds(ours)
		}
		oursNs, theirsNs, ratios = append(oursNs, x), append(theirsNs, y), append(ratios, x/y)
	}
	b.ReportMetric(median(oursNs), "ns/op")
	b.ReportMetric(median(theirsNs), "bare-ns/op")
	b.ReportMetric(median(ratios), "x-bare")
}

func nanoseconds(do func()) float64 {
	start := time.Now()
	do()
	return float64(time.Since(start).Nanoseconds())
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func BenchmarkGet(b *testing.B) {
	benchmarkPairs(b,
		func(b *testing.B, p pair) { p.e.items(b, feed) },
		func(b *testing.B, p pair) { p.client.fetch(b, bareKey) })
}

func BenchmarkFirstPageOf20(b *testing.B) {
	benchmarkPairs(b,
		func(b *testing.B, p pair) { p.e.page(b, timak.Query{}, feed) },
		func(b *testing.B, p pair) { p.client.fetch(b, bareKey) })
}

func BenchmarkAdd(b *testing.B) {
	next := 1000
	benchmarkPairs(b,
		func(b *testing.B, p pair) {
			p.e.put(b, feed, p.item(next))
			next++
		},
		func(b *testing.B, p pair) {
			siblings, vclock := p.client.fetch(b, bareKey)
			p.client.store(b, bareKey, siblings[0].Value, vclock)
		})
}
