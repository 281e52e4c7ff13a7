package pgtest_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/timak-go/timak/timak/pgtest"
)

func TestDSN_emptyDatabaseEach(t *testing.T) {
	t.Parallel()
	first, second := connect(t, pgtest.DSN(t)), connect(t, pgtest.DSN(t))
	execute(t, first, "CREATE TABLE posts (id int)")

	tables := func(db *sql.DB) int {
		return query[int](t, db, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
	}
	if got := [2]int{tables(first), tables(second)}; got != [2]int{1, 0} {
		t.Errorf("tables in the first and the second database: got %v, want [1 0]", got)
	}
}

func TestDSN_manyAtOnce(t *testing.T) {
	t.Parallel()
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			execute(t, connect(t, pgtest.DSN(t)), "CREATE TABLE posts (id int)")
		})
	}
}

func TestDSN_droppedWithOpenConnections(t *testing.T) {
	t.Parallel()
	var dropped string
	t.Run("test", func(t *testing.T) {
		db, err := sql.Open("pgx", pgtest.DSN(t))
		if err != nil {
			t.Fatal(err)
		}
		dropped = query[string](t, db, "SELECT current_database()") // and db stays open
	})
	db := connect(t, pgtest.DSN(t))
	if n := query[int](t, db, "SELECT count(*) FROM pg_database WHERE datname = $1", dropped); n != 0 {
		t.Errorf("database %s is there after its test has ended", dropped)
	}
}

func TestDSN_settings(t *testing.T) {
	t.Parallel()
	db := connect(t, pgtest.DSN(t))
	for name, want := range map[string]string{
		"max_connections":  "200",
		"listen_addresses": "",
		"server_encoding":  "UTF8",
	} {
		if got := query[string](t, db, "SELECT current_setting($1)", name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
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

func execute(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func query[T any](t *testing.T, db *sql.DB, statement string, args ...any) (value T) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), statement, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}
