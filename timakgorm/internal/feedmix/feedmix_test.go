package feedmix_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timakgorm/internal/feedmix"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/pull"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/script"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/sortedsets"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/timelines"
)

// Without -feedmix, a small run takes a few seconds.
var (
	whole   = flag.Bool("feedmix", false, "measure, as make feedmix does, and print the report")
	scale   = flag.Float64("scale", 0.02, "1 is 100,000 users")
	rates   = flag.String("rate", "50,100", "operations a second, separated by commas")
	mixes   = flag.String("mix", "A,B", "mixes, separated by commas")
	took    = flag.Duration("time", 30*time.Second, "for each side, mix and rate")
	turns   = flag.Int("turns", 3, "in which the sides alternate")
	seed    = flag.Uint64("seed", 1, "of all that is drawn")
	checked = flag.Int("checked", 1000, "users whose pages are compared with SQL")
	url     = flag.String("redis", "", "the URL of a Redis server; without it one is started, or that of TIMAK_TEST_REDIS is used")
)

// small is what every run of the tests plays.
var small = script.Config{
	Scale: 0.001, Seed: 1, Mixes: []string{"A", "B"}, Rates: []float64{150}, Time: time.Second, Turns: 2,
	Capacity: 60, Posts: 10, Payload: 256, Checked: 100,
}

// TestFeedmix is the program of make feedmix. It measures, so nothing runs beside it.
func TestFeedmix(t *testing.T) {
	cfg, newDSN, out := small, func() string { return pgtest.DSN(t) }, t.Output()
	redis := *url
	if *whole {
		cfg, out = configured(t), os.Stdout
		if redis == "" && os.Getenv(redistest.EnvServer) == "" {
			redis = redistest.NewServer(t, "appendonly yes", "appendfsync everysec").URL()
		}
		if os.Getenv(pgtest.EnvServer) == "" {
			newDSN = durable(t)
		}
	}
	if redis == "" {
		redis = redistest.URL(t)
	}
	report, err := feedmix.Run(t.Context(), cfg, entries(t, redis, cfg.Capacity), newDSN, func(progress string) { t.Log(progress) })
	if report != nil {
		err = errors.Join(err, report.Write(out))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func configured(t *testing.T) script.Config {
	t.Helper()
	cfg := script.Config{
		Scale: *scale, Seed: *seed, Mixes: strings.Split(*mixes, ","), Time: *took, Turns: *turns,
		Capacity: 1000, Posts: 10, Payload: 256, Checked: *checked,
	}
	for text := range strings.SplitSeq(*rates, ",") {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("-rate %s: expected numbers, separated by commas", *rates)
		}
		cfg.Rates = append(cfg.Rates, rate)
	}
	return cfg
}

// entries are the sides.
func entries(t *testing.T, redis string, capacity int) []feedmix.Entry {
	return []feedmix.Entry{
		{Name: "timak", Open: func(ctx context.Context, dsn string) (feed.Side, error) { return openTimak(ctx, t, dsn, capacity) }},
		{Name: "SQL pull", Open: func(_ context.Context, dsn string) (feed.Side, error) { return pull.New(dsn) }},
		{Name: "Redis fan-out", Loose: true, Open: func(ctx context.Context, dsn string) (feed.Side, error) {
			return sortedsets.New(ctx, dsn, redis, capacity)
		}},
	}
}

func openTimak(ctx context.Context, t *testing.T, dsn string, capacity int) (*timelines.Side, error) {
	t.Helper()
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "timelines.db"), nil)
	if err != nil {
		return nil, err
	}
	return timelines.New(ctx, dsn, store, "boltstore, each write synced", capacity, t.Output())
}

// durable starts a Postgres that keeps what it commits, as one does that is in use, and
// returns the DSNs of new databases.
func durable(t *testing.T) (newDSN func() string) {
	t.Helper()
	server := pgtest.NewServer(t)
	admin := connect(t, server.DSN("postgres"))
	for _, setting := range []string{"fsync = on", "full_page_writes = on", "shared_buffers = '1GB'"} {
		execute(t, admin, "ALTER SYSTEM SET "+setting)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := 0
	return func() string {
		n++
		name := fmt.Sprint("side", n)
		execute(t, admin, "CREATE DATABASE "+name)
		return server.DSN(name)
	}
}

func connect(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}
