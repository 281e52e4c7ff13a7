package pgstore_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/pgstore"
)

// poolOf returns an application's pool.
func poolOf(t testing.TB, dsn string, change func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func newStore(t testing.TB, pool *pgxpool.Pool, opts *pgstore.Options) *pgstore.Store {
	t.Helper()
	store, err := pgstore.New(pool, opts)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return store
}

// An application's pool may send queries in any of pgx's ways; some are for poolers
// such as PgBouncer.
func TestConformanceInEveryMode(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			pool := poolOf(t, migrated(t), func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode })
			drivertest.Run(t, func(t *testing.T) driver.Store { return newStore(t, pool, nil) })
		})
	}
}

// A database's transactions may be isolated more strictly than usual: then
// Postgres rolls back statements that meet, and the store repeats them.
func TestConformanceInEveryIsolation(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			pool := poolOf(t, migrated(t), func(c *pgxpool.Config) {
				c.ConnConfig.RuntimeParams["default_transaction_isolation"] = level
			})
			drivertest.Run(t, func(t *testing.T) driver.Store { return newStore(t, pool, nil) })
		})
	}
}
