package pgstore_test

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/bench"
)

// There are two baselines, over the same pool: a bare SELECT of as many bytes by a key,
// which is the least that a store in Postgres can cost, and bench.Table.
// Commits wait for the disk, as on a server in its default configuration.

const bareTable = `
	CREATE TABLE bare (key bytea PRIMARY KEY, value bytea NOT NULL);
	ALTER TABLE bare ALTER COLUMN value SET STORAGE EXTERNAL`

// sides are a store and the baselines, with the same timelines.
type sides struct {
	store     driver.Store
	timelines *timak.Timelines
	pool      *pgxpool.Pool
	table     bench.Table
	item      func(n int) timak.Item
}

// owners is how many timelines there are: each caller has its own.
const owners = 16

func timelineOf(owner int) string { return fmt.Sprintf("author:%d:posts", owner) }

func newSides(b *testing.B, dsn string, item func(n int) timak.Item) sides {
	b.Helper()
	execute(b, dsn, `DROP TABLE IF EXISTS bare, timak_timelines, timak_timelines_migrations;`+bareTable)
	migrate(b, dsn, nil)
	pool := poolOf(b, dsn, func(c *pgxpool.Config) { c.MaxConns = owners })
	s := sides{store: newStore(b, pool, nil), pool: pool, item: item}
	s.timelines = timak.New(s.store, nil)
	for owner := range owners {
		s.fill(b, owner)
	}
	execute(b, dsn, `VACUUM ANALYZE bare`)
	s.table = bench.NewTable(b, pool, owners, item)
	return s
}

// fill makes a full timeline on all sides.
func (s sides) fill(b *testing.B, owner int) {
	b.Helper()
	if _, err := s.timelines.Apply(b.Context(), timelineOf(owner), bench.Fill(bench.MaxItems, s.item)...); err != nil {
		b.Fatal(err)
	}
	obj, err := s.store.Get(b.Context(), timelineOf(owner))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.pool.Exec(b.Context(), `INSERT INTO bare VALUES ($1, $2)`, []byte(timelineOf(owner)), obj.Siblings[0]); err != nil {
		b.Fatal(err)
	}
}

func (s sides) page(b *testing.B, owner int) {
	page, err := s.timelines.Page(b.Context(), timelineOf(owner), timak.Query{})
	if err != nil || len(page.Items) != 20 {
		b.Errorf("Page: got %d items, %v; want 20", len(page.Items), err)
	}
}

// get is the store's own share.
func (s sides) get(b *testing.B, owner int) {
	if _, err := s.store.Get(b.Context(), timelineOf(owner)); err != nil {
		b.Error(err)
	}
}

func (s sides) bareSelect(b *testing.B, owner int) {
	var value []byte
	err := s.pool.QueryRow(b.Context(), `SELECT value FROM bare WHERE key = $1`, []byte(timelineOf(owner))).Scan(&value)
	if err != nil || len(value) == 0 {
		b.Errorf("SELECT: got %d bytes, %v", len(value), err)
	}
}

func (s sides) tablePage(b *testing.B, owner int) { s.table.Page(b, owner) }

func (s sides) add(b *testing.B, owner, n int) {
	if _, err := s.timelines.Apply(b.Context(), timelineOf(owner), timak.Put(s.item(n))); err != nil {
		b.Error(err)
	}
}

func (s sides) tableInsert(b *testing.B, owner, n int) { s.table.Insert(b, owner, s.item(n)) }

// onSides runs a benchmark with one caller and with sixteen, with and without data.
func onSides(b *testing.B, run func(b *testing.B, s sides, callers int)) {
	dsn := bench.DurablePostgres(b)
	for _, bb := range []struct {
		name string
		item func(n int) timak.Item
	}{{"no data", bench.Bookmark}, {"200 B of data", bench.Post}} {
		for _, callers := range []int{1, owners} {
			b.Run(fmt.Sprintf("%s, %d at once", bb.name, callers), func(b *testing.B) {
				run(b, newSides(b, dsn, bb.item), callers)
			})
		}
	}
}

func BenchmarkGet(b *testing.B) {
	onSides(b, func(b *testing.B, s sides, callers int) {
		bench.InTurns(b, bench.Cost, bench.Together(callers, func(owner int) { s.get(b, owner) }), bench.Together(callers, func(owner int) { s.bareSelect(b, owner) }))
	})
}

func BenchmarkPage(b *testing.B) {
	onSides(b, func(b *testing.B, s sides, callers int) {
		ours := bench.Together(callers, func(owner int) { s.page(b, owner) })
		b.Run("over a bare select", func(b *testing.B) {
			bench.InTurns(b, bench.Cost, ours, bench.Together(callers, func(owner int) { s.bareSelect(b, owner) }))
		})
		b.Run("over a table", func(b *testing.B) {
			bench.InTurns(b, bench.Cost, ours, bench.Together(callers, func(owner int) { s.tablePage(b, owner) }))
		})
	})
}

// BenchmarkAdd measures the process that wrote the timelines last: it need not read
// them.
func BenchmarkAdd(b *testing.B) {
	var next atomic.Int64
	next.Store(bench.MaxItems)
	onSides(b, func(b *testing.B, s sides, callers int) {
		bench.InTurns(b, bench.Cost,
			bench.Together(callers, func(owner int) { s.add(b, owner, int(next.Add(1))) }),
			bench.Together(callers, func(owner int) { s.tableInsert(b, owner, int(next.Add(1))) }))
		b.ReportMetric(walOf(b, s.pool, func() { s.add(b, 0, int(next.Add(1))) }), "wal-B/op")
	})
}

// BenchmarkPut measures puts by value size, and the WAL that they write, which is
// what a standby and an archive receive. The baseline inserts a row of 200 bytes.
func BenchmarkPut(b *testing.B) {
	dsn := bench.DurablePostgres(b)
	for _, size := range []int{1 << 10, 9 << 10, 90 << 10} {
		b.Run(fmt.Sprintf("%d KB", size>>10), func(b *testing.B) {
			s := newSides(b, dsn, bench.Post)
			var values [2][]byte // which differ, as WAL leaves out what remains
			for i := range values {
				values[i] = make([]byte, size)
				_, _ = rand.NewChaCha8([32]byte{byte(i)}).Read(values[i]) // never fails
			}
			var token driver.Token
			puts := 0
			put := func() {
				puts++
				got, err := s.store.Put(b.Context(), "k", values[puts%2], token)
				if err != nil || got == nil {
					b.Errorf("Put: token %x, %v", got, err)
				}
				token = got
			}
			n := bench.MaxItems
			insert := func() { n++; s.tableInsert(b, 0, n) }
			bench.InTurns(b, bench.Cost, put, insert)
			b.ReportMetric(walOf(b, s.pool, put), "wal-B/op")
			b.ReportMetric(walOf(b, s.pool, insert), "baseline-wal-B/op")
		})
	}
}

// walOf returns how many bytes of WAL a call writes, on average, on pages that were
// written since the last checkpoint.
func walOf(b *testing.B, pool *pgxpool.Pool, call func()) float64 {
	const calls = 200
	call()
	before := walAt(b, pool)
	for range calls {
		call()
	}
	var bytes float64
	if err := pool.QueryRow(b.Context(), `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1::text::pg_lsn)::float8`, before).Scan(&bytes); err != nil {
		b.Fatal(err)
	}
	return bytes / calls
}

func walAt(b *testing.B, pool *pgxpool.Pool) (at string) {
	if err := pool.QueryRow(b.Context(), `SELECT pg_current_wal_lsn()::text`).Scan(&at); err != nil {
		b.Fatal(err)
	}
	return at
}
