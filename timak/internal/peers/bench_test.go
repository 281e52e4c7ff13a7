package peers_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

// owners is how many full timelines there are: each caller has its own.
const owners = 16

// servers are what the stores and their peers share.
type servers struct {
	pool  *pgxpool.Pool
	redis redis.UniversalClient
}

// start starts a Postgres that waits for the disk, and a Redis with an append-only file
// that is synced every second.
func start(b *testing.B) servers {
	b.Helper()
	dsn := bench.DurablePostgres(b)
	if err := pgstore.Migrate(b.Context(), dsn, nil); err != nil {
		b.Fatal(err)
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns = owners
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	options, err := redis.ParseURL(redistest.NewServer(b, "appendonly yes", "appendfsync everysec").URL())
	if err != nil {
		b.Fatal(err)
	}
	client := redis.NewClient(options)
	b.Cleanup(func() { _ = client.Close() })
	return servers{pool, client}
}

// side is a way to keep timelines.
type side struct {
	name string
	page func(b *testing.B, owner int)
	add  func(b *testing.B, owner int, item timak.Item)
}

// sides returns all of them, with full timelines of such items. The table is the first.
func (s servers) sides(b *testing.B, item func(n int) timak.Item) []side {
	b.Helper()
	table := bench.NewTable(b, s.pool, owners, item)
	sets := bench.NewSortedSets(b, s.redis, kindOf(item), owners, item)
	all := []side{{"table", table.Page, table.Insert}}
	for _, store := range []struct {
		name string
		open func() (driver.Store, error)
	}{
		{"memstore", func() (driver.Store, error) { return memstore.New(), nil }},
		{"boltstore", func() (driver.Store, error) { return boltstore.Open(filepath.Join(b.TempDir(), "timelines.db"), nil) }},
		{"pgstore", func() (driver.Store, error) { return pgstore.New(s.pool, nil) }},
		{"redisstore", func() (driver.Store, error) {
			return redisstore.New(b.Context(), s.redis, nil)
		}},
	} {
		opened, err := store.open()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = opened.Close() })
		all = append(all, over(b, store.name, opened, item))
	}
	return append(all, side{"sorted set", sets.Page, sets.Add})
}

// kindOf is a prefix that keeps apart what is in one server for items with data and
// without.
func kindOf(item func(n int) timak.Item) string { return fmt.Sprint(len(item(0).Data), " bytes: ") }

// over returns an engine over a store.
func over(b *testing.B, name string, store driver.Store, item func(n int) timak.Item) side {
	b.Helper()
	engine := timak.New(store, nil)
	key := func(owner int) string { return fmt.Sprint(kindOf(item), owner) }
	for owner := range owners {
		if _, err := engine.Apply(b.Context(), key(owner), bench.Fill(bench.MaxItems, item)...); err != nil {
			b.Fatal(err)
		}
	}
	return side{
		name,
		func(b *testing.B, owner int) {
			if page, err := engine.Page(b.Context(), key(owner), timak.Query{}); err != nil || len(page.Items) != 20 {
				b.Errorf("Page: got %d items, %v; want 20", len(page.Items), err)
			}
		},
		func(b *testing.B, owner int, item timak.Item) {
			if _, err := engine.Apply(b.Context(), key(owner), timak.Put(item)); err != nil {
				b.Error(err)
			}
		},
	}
}

// BenchmarkPeers reads the first page of 20 of 1,000 items, and adds an item, by one
// caller and by sixteen. The baseline is the table in Postgres; x-cost of the others is
// relative to it.
func BenchmarkPeers(b *testing.B) {
	s := start(b)
	for _, kind := range []struct {
		name string
		item func(n int) timak.Item
	}{{"ids only", bench.Bookmark}, {"200 B of data", bench.Post}} {
		b.Run(kind.name, func(b *testing.B) {
			all := s.sides(b, kind.item)
			var next atomic.Int64
			next.Store(bench.MaxItems)
			for _, callers := range []int{1, owners} {
				compare(b, fmt.Sprintf("page, %d at once", callers), all, func(b *testing.B, s side) func() {
					return bench.Together(callers, func(owner int) { s.page(b, owner) })
				})
				compare(b, fmt.Sprintf("add, %d at once", callers), all, func(b *testing.B, s side) func() {
					return bench.Together(callers, func(owner int) { s.add(b, owner, kind.item(int(next.Add(1)))) })
				})
			}
		})
	}
}

// compare compares what each side does with what the first one does.
func compare(b *testing.B, name string, all []side, do func(b *testing.B, s side) func()) {
	for _, s := range all[1:] {
		b.Run(name+"/"+s.name, func(b *testing.B) {
			bench.InTurns(b, bench.Cost, do(b, s), do(b, all[0]))
		})
	}
}
