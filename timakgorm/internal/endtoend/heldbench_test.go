package endtoend_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Postgres keeps deleted rows for as long as the oldest transaction may still see them.
// BenchmarkHeld writes events at a fixed rate, while a relay applies them, to a database in
// which a transaction is held that has read something, and to one without, in turns.
// Each minute=N is a minute for each of them under -benchtime 12x; the relays and the
// transaction go on from one to the next.
const (
	heldRate    = 1000 // events a second
	heldWriters = 8
	heldSlice   = 5 * time.Second
	heldMinutes = 5
	heldBacklog = 40_000
	heldProbed  = 100 // one event of so many is looked for on its timeline
)

func BenchmarkHeld(b *testing.B) {
	server := pgtest.NewServer(b)
	admin := world.OpenDSN(b, "postgres", server.DSN("postgres"), nil)
	w := &world.World{TB: b, DB: admin}
	w.Must(admin.Exec("ALTER SYSTEM SET shared_buffers = '128MB'").Error) // as Postgres comes
	w.Must(server.Restart(b.Context()))
	for _, name := range []string{"free", "held"} {
		w.Must(admin.Exec("CREATE DATABASE " + name).Error)
	}
	free, held := newHeldSide(b, server.DSN("free")), newHeldSide(b, server.DSN("held"))
	stop := held.hold()
	defer stop()
	for minute := range heldMinutes {
		b.Run(fmt.Sprintf("minute=%d", minute+1), func(b *testing.B) { benchHeld(b, free, held) })
	}
	b.Run("backlog", func(b *testing.B) { benchHeldBacklog(b, free, held) })
}

func benchHeld(b *testing.B, free, held *heldSide) {
	var sides [2]heldFigures
	for b.Loop() {
		sides[0].add(free.slice(b))
		sides[1].add(held.slice(b))
	}
	b.ReportMetric(0, "ns/op")
	for n, prefix := range []string{"baseline-", ""} {
		f := sides[n]
		b.ReportMetric(float64(f.applied)/f.took.Seconds(), prefix+"changes/s")
		b.ReportMetric(milliseconds(quantile(f.lags, 0.5)), prefix+"ms-lag")
		b.ReportMetric(milliseconds(quantile(f.lags, 1)), prefix+"ms-most-lag")
		b.ReportMetric(milliseconds(quantile(f.writes, 0.5)), prefix+"ms-write-p50")
		b.ReportMetric(milliseconds(quantile(f.writes, 0.99)), prefix+"ms-write-p99")
		b.ReportMetric(float64(f.dead), prefix+"dead")
	}
}

// benchHeldBacklog applies what one transaction has left behind, which shows how fast the
// relay is that has nothing to wait for.
func benchHeldBacklog(b *testing.B, free, held *heldSide) {
	var took [2]time.Duration
	applied := 0
	for b.Loop() {
		for n, side := range []*heldSide{free, held} {
			took[n] += side.backlog(b)
		}
		applied += heldBacklog
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(applied)/took[0].Seconds(), "baseline-changes/s")
	b.ReportMetric(float64(applied)/took[1].Seconds(), "changes/s")
}

// heldSide is a database with a relay.
type heldSide struct {
	*world.World

	pool *sql.DB
	next int // of the events, by which they are dated
}

func newHeldSide(b *testing.B, dsn string) *heldSide {
	w := world.New(b, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{&world.Event{}}, Tracked: []any{&world.Event{}}})
	pool, err := w.DB.DB()
	w.Must(err)
	pool.SetMaxIdleConns(heldWriters + 4)
	return &heldSide{World: w, pool: pool}
}

// hold begins a transaction that reads, and returns what ends it.
func (s *heldSide) hold() (stop func()) {
	tx, err := s.pool.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	s.Must(err)
	_, err = tx.Exec("SELECT count(*) FROM events")
	s.Must(err)
	return func() { s.Must(tx.Rollback()) }
}

// heldFigures are what some slices have measured.
type heldFigures struct {
	took         time.Duration
	applied      int
	lags, writes []time.Duration
	dead         int64 // rows, at the end
}

func (f *heldFigures) add(one heldFigures) {
	f.took += one.took
	f.applied += one.applied
	f.lags, f.writes = append(f.lags, one.lags...), append(f.writes, one.writes...)
	f.dead = one.dead
}

// slice writes events for heldSlice, and waits until all are applied.
func (s *heldSide) slice(b *testing.B) (f heldFigures) {
	s.TB = b
	stop := s.Run()
	defer stop()
	begin := time.Now()
	var mu sync.Mutex
	var writers sync.WaitGroup
	written := 0
	for n := range heldWriters {
		writers.Go(func() {
			writes, lags := s.write(n, begin)
			mu.Lock()
			defer mu.Unlock()
			written += len(writes)
			f.writes, f.lags = append(f.writes, writes...), append(f.lags, lags...)
		})
	}
	before := s.applied()
	time.Sleep(time.Until(begin.Add(heldSlice)))
	f.applied, f.took = s.applied()-before, time.Since(begin)
	writers.Wait()
	s.next += heldRate * int(heldSlice/time.Second)
	s.Await("the relay to apply all", func() bool { return s.applied() >= before+written })
	s.Must(s.pool.QueryRow("SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE relname LIKE 'timak%'").Scan(&f.dead))
	return f
}

// write writes one writer's part of a slice, each event at its time, or at once if that is
// past. A probe waits for some of them to be readable.
func (s *heldSide) write(writer int, begin time.Time) (writes, lags []time.Duration) {
	var probes sync.WaitGroup
	var mu sync.Mutex
	defer probes.Wait()
	const all = int(heldRate * heldSlice / time.Second)
	for n := writer; n < all; n += heldWriters {
		due := begin.Add(time.Duration(n) * time.Second / heldRate)
		if early := time.Until(due); early > 0 {
			time.Sleep(early)
			due = time.Now()
		}
		if time.Since(begin) > heldSlice {
			break
		}
		event := world.Event{StreamID: uint(n % world.Streams), At: int64(s.next + n)}
		s.Must(s.DB.Create(&event).Error)
		committed := time.Now()
		writes = append(writes, committed.Sub(due))
		if n%heldProbed == 0 {
			probes.Go(func() {
				s.awaitReadable(event)
				mu.Lock()
				defer mu.Unlock()
				lags = append(lags, time.Since(committed))
			})
		}
	}
	probes.Wait()
	return writes, lags
}

// awaitReadable waits until an event is among the newest of its stream.
func (s *heldSide) awaitReadable(event world.Event) {
	id := "events:" + strconv.Itoa(int(event.ID))
	s.Await("an event to be readable", func() bool {
		page, err := s.Timelines.Page(s.Context(), timakgorm.Key("stream:{}", event.StreamID), timak.Query{Limit: 100})
		s.Must(err)
		return slices.ContainsFunc(page.Items, func(item timak.Item) bool { return item.ID == id })
	})
}

// applied returns how many changes the relay has applied. Stats counts those that wait too,
// which would take the database long: it returns what the program knows when it cannot.
func (s *heldSide) applied() int {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	stats, _ := s.Plugin.Stats(ended)
	return int(stats.Applied)
}

// backlog leaves many changes behind, and returns how long the relay takes to apply them.
func (s *heldSide) backlog(b *testing.B) time.Duration {
	s.TB = b
	s.Must(s.DB.CreateInBatches(world.NewEvents(heldBacklog), 1000).Error)
	begin, before := time.Now(), s.applied()
	defer s.Run()()
	s.Await("the relay to apply all", func() bool { return s.applied() >= before+heldBacklog })
	return time.Since(begin)
}

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
