package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/timak-go/timak/migrations"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/pgtest"
)

// execute runs SQL as the owner of a database.
func execute(t testing.TB, dsn, sql string) {
	t.Helper()
	conn, hangUp := dial(t, dsn)
	defer hangUp()
	if _, err := conn.Exec(context.WithoutCancel(t.Context()), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// ask returns the one value that a query finds.
func ask[T any](t testing.TB, dsn, sql string, args ...any) (value T) {
	t.Helper()
	conn, hangUp := dial(t, dsn)
	defer hangUp()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// connect returns a connection that lasts until the test ends.
func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, hangUp := dial(t, dsn)
	t.Cleanup(hangUp)
	return conn
}

func dial(t testing.TB, dsn string) (conn *pgx.Conn, hangUp func()) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // for those who clean up
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	return conn, func() { _ = conn.Close(ctx) } // of a server that may have been stopped
}

// Many programs start at once, on a new database.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := pgstore.Migrate(t.Context(), dsn, nil); err != nil {
				t.Errorf("Migrate: %v", err)
			}
		})
	}
	group.Wait()
	store := open(t, dsn, nil)
	put(t, store, "1", nil)
	migrate(t, dsn, nil)
	want(t, store, "1")
}

// A table may have any name, in any schema, and shares nothing with others.
func TestTables(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	execute(t, dsn, `CREATE SCHEMA "My.Schema"; CREATE SCHEMA other`)
	names := []pgstore.Options{
		{},
		{Table: "Feed"},
		{Table: "feed"},
		{Schema: "My.Schema"},
		{Schema: "My.Schema", Table: `a "quoted"; name.$1 TABLE_NAME -- 日本語`},
		{Schema: "other", Table: "feed"},
		{Schema: "other", Table: "My.Schema"},
		{Table: strings.Repeat("t", 52)},
		{Table: strings.Repeat("t", 51)},
	}
	for _, opts := range names {
		for range 2 {
			migrate(t, dsn, &opts)
		}
		put(t, open(t, dsn, &opts), fmt.Sprintf("of %+v", opts), nil)
	}
	for _, opts := range names {
		want(t, open(t, dsn, &opts), fmt.Sprintf("of %+v", opts))
	}
	if got := ask[int](t, dsn, `SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`); got != 2*len(names) {
		t.Errorf("%d stores have %d tables, want two each", len(names), got)
	}
}

func TestMigrateWithoutTheSchema(t *testing.T) {
	t.Parallel()
	err := pgstore.Migrate(t.Context(), pgtest.DSN(t), &pgstore.Options{Schema: "missing"})
	if err == nil || !strings.Contains(err.Error(), `schema "missing" does not exist`) {
		t.Errorf("got %v, want an error about the schema", err)
	}
}

// The files do by hand what Migrate does, and undo it.
func TestMigrationFiles(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	steps, err := migrations.Steps("pgstore")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(migrations.FS, "pgstore/*")
	if err != nil || len(names) != 2*len(steps) {
		t.Errorf("got the files %q (%v), want two for each of %d steps", names, err, len(steps))
	}
	for range 2 {
		for i, step := range steps {
			if step.Version != int64(i+1) {
				t.Errorf("step %d has the number %d", i+1, step.Version)
			}
			execute(t, dsn, step.Up)
		}
		put(t, open(t, dsn, nil), "1", nil)
		for i := range steps {
			execute(t, dsn, steps[len(steps)-1-i].Down)
		}
		if _, err := pgstore.Open(t.Context(), dsn, nil); !errors.Is(err, pgstore.ErrMisconfigured) {
			t.Errorf("Open without a table: got %v, want ErrMisconfigured", err)
		}
	}
}

// The migrations of timakgorm lie in the same database, and are not mixed up.
func TestMigrateBesideTheOutbox(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	execute(t, dsn, `CREATE TABLE timak_migrations (id int PRIMARY KEY); CREATE TABLE timak_outbox (id int PRIMARY KEY)`)
	migrate(t, dsn, nil)
	put(t, open(t, dsn, nil), "1", nil)
	if got := ask[int](t, dsn, `SELECT count(*) FROM timak_migrations`); got != 0 {
		t.Errorf("Migrate wrote %d rows into another table", got)
	}
}

// Values are stored as they are: they are compressed already.
func TestValuesAreNotCompressed(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store := open(t, dsn, nil)
	for range 2 {
		put(t, store, strings.Repeat("a", 1<<16), nil)
	}
	if got := ask[int](t, dsn, `SELECT pg_column_size(value) + pg_column_size(other_values) FROM timak_timelines`); got < 2<<16 {
		t.Errorf("two values of 64 KB take %d bytes", got)
	}
}

// Migrate takes each DSN that Open takes, with settings of the pool too.
func TestMigrateWithSettingsOfThePool(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d&sslmode=disable", config.User, config.Database, config.Host, config.Port)
	for _, dsn := range []string{dsn + " pool_max_conns=4 pool_max_conn_lifetime=1h", url + "&pool_max_conns=4"} {
		if err := pgstore.Migrate(t.Context(), dsn, nil); err != nil {
			t.Errorf("%s: Migrate: %v", dsn, err)
		}
		put(t, open(t, dsn, nil), "1", nil)
	}
}

// What Postgres refuses to Migrate is not put right by calling Migrate.
func TestMigrateRefused(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	for bad, want := range map[string]string{
		" dbname=missing":    `database "missing" does not exist`,
		" user=nobody_there": `role "nobody_there" does not exist`,
		" no_such_setting=1": `unrecognized configuration parameter "no_such_setting"`,
		" search_path=none":  `no schema has been selected`,
	} {
		err := pgstore.Migrate(t.Context(), dsn+bad, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "expected a database and a schema that exist") {
			t.Errorf("%s: got %v, want %s, and what is expected", bad, err, want)
		}
		if err != nil && (errors.Is(err, pgstore.ErrMisconfigured) || strings.Contains(err.Error(), "pgstore.Migrate")) {
			t.Errorf("%s: Migrate says to call Migrate: %v", bad, err)
		}
	}
}
