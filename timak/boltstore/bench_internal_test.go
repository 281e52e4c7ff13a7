package boltstore

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/internal/wire"
)

// benchStore opens a new store, which waits for the disk as usual.
func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(filepath.Join(b.TempDir(), "feed.db"), nil)
	if err != nil {
		b.Fatalf("Open: %v", err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Errorf("Close: %v", err)
		}
	})
	return s
}

// timeline names the nth timeline.
func timeline(n int) string { return fmt.Sprintf("author:%d:posts", n) }

// add puts an item into a timeline.
func add(b *testing.B, t *timak.Timelines, key string, n int) {
	if _, err := t.Apply(b.Context(), key, timak.Put(bench.Bookmark(n))); err != nil {
		b.Error(err)
	}
}

// BenchmarkWriters measures many goroutines that add to timelines of their own and
// share syncs; the baseline is one goroutine that adds as much. The gain depends on
// the disk: besides the disk at hand, it is measured on one whose sync takes as
// long as that of a plain SSD.
func BenchmarkWriters(b *testing.B) {
	for _, bb := range []struct {
		name string
		sync time.Duration
	}{{"this disk", 0}, {"3 ms a sync", 3 * time.Millisecond}} {
		b.Run(bb.name, func(b *testing.B) {
			store := benchStore(b)
			timelines := timak.New(store, nil)
			for w := range writers {
				fillUp(b, timelines, timeline(w))
			}
			if bb.sync > 0 {
				defer slowDown(b, store, bb.sync)()
			}
			benchmarkWriters(b, timelines)
		})
	}
}

const writers = 64

func fillUp(b *testing.B, timelines *timak.Timelines, key string) {
	b.Helper()
	if _, err := timelines.Apply(b.Context(), key, bench.Fill(bench.MaxItems, bench.Bookmark)...); err != nil {
		b.Fatal(err)
	}
}

func benchmarkWriters(b *testing.B, timelines *timak.Timelines) {
	const each = 4
	next := bench.MaxItems
	addEach := func(w int) {
		for n := range each {
			add(b, timelines, timeline(w), next+n)
		}
	}
	bench.InTurns(b, bench.Speedup,
		func() {
			var all sync.WaitGroup
			for w := range writers {
				all.Go(func() { addEach(w) })
			}
			all.Wait()
			next += each
		},
		func() {
			for w := range writers {
				addEach(w)
			}
			next += each
		})
}

// slowDown makes every transaction wait as for a disk: between the writer's
// transactions, another goroutine holds its lock for the given time.
func slowDown(b *testing.B, s *Store, d time.Duration) (stop func()) {
	stopped, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stopped:
				return
			default:
			}
			tx, err := s.file.db.Begin(true)
			if err != nil {
				b.Error(err)
				return
			}
			time.Sleep(d)
			_ = tx.Rollback() // nothing was written
		}
	}()
	return func() { close(stopped); <-done }
}

// BenchmarkMany reads a page of, and adds to, any of 100,000 full timelines; the
// baseline uses any of a hundred. It needs a gigabyte of disk.
func BenchmarkMany(b *testing.B) {
	const many, few = 100_000, 100
	large, small := timelinesOf(b, many), timelinesOf(b, few)
	random := rand.New(rand.NewPCG(1, 2))
	next := bench.MaxItems
	page := func(t *timak.Timelines, among int) {
		got, err := t.Page(b.Context(), timeline(random.IntN(among)), timak.Query{})
		if err != nil || len(got.Items) != 20 {
			b.Fatalf("got %d items, %v; want 20", len(got.Items), err)
		}
	}
	b.Run("Page", func(b *testing.B) {
		bench.InTurns(b, bench.Cost, func() { page(large, many) }, func() { page(small, few) })
	})
	b.Run("Add", func(b *testing.B) {
		addTo := func(t *timak.Timelines, among int) func() {
			return func() { next++; add(b, t, timeline(random.IntN(among)), next) }
		}
		bench.InTurns(b, bench.Cost, addTo(large, many), addTo(small, few))
	})
}

// timelinesOf returns an engine over n full timelines. It has no cache: of few
// timelines all would be cached, of many almost none.
func timelinesOf(b *testing.B, n int) *timak.Timelines {
	b.Helper()
	store := benchStore(b)
	from := benchStore(b)
	fillUp(b, timak.New(from, nil), timeline(0))
	object, err := from.Get(b.Context(), timeline(0))
	if err != nil {
		b.Fatal(err)
	}
	full, err := wire.Decode(timeline(0), object.Siblings[0])
	if err != nil {
		b.Fatal(err)
	}
	const chunk = 1000
	for from := 0; from < n; from += chunk {
		err := store.file.update(func(tx *bbolt.Tx) error {
			for i := from; i < min(n, from+chunk); i++ {
				value, err := wire.Encode(timeline(i), &full, true)
				if err != nil {
					return err
				}
				if got := carryOut(tx, write{key: timeline(i), value: value}); got.err != nil {
					return got.err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return timak.New(store, &timak.Options{CacheBytes: -1})
}
