package pgstore_test

import (
	"errors"
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

// A put that fails when it is committed, after it has returned its row, is not
// acknowledged.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	execute(t, dsn, `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused at the end'; END $$;
		CREATE CONSTRAINT TRIGGER late AFTER INSERT ON timak_timelines DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`)
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		store := newStore(t, poolOf(t, dsn, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode }), nil)
		token, err := store.Put(t.Context(), "k", []byte("1"), nil)
		if token != nil || !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("%v: got token %x and error %v, want ErrUnavailable", mode, token, err)
		}
		want(t, store)
	}
}
