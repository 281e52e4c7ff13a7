package bench

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/pgtest"
)

// DurablePostgres returns the DSN of a server that waits for the disk at each commit, as
// one in its default configuration does.
func DurablePostgres(b *testing.B) string {
	b.Helper()
	server := pgtest.NewServer(b)
	dsn := server.DSN("postgres")
	conn, err := pgx.Connect(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	for _, setting := range []string{"fsync = on", "full_page_writes = on", "shared_buffers = '128MB'"} {
		if _, err := conn.Exec(b.Context(), "ALTER SYSTEM SET "+setting); err != nil {
			b.Fatal(err)
		}
	}
	if err := conn.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := server.Restart(b.Context()); err != nil {
		b.Fatal(err)
	}
	return dsn
}

// Table is what an application has in Postgres without timelines: a table of items with
// an index on (owner, at DESC, id DESC).
type Table struct{ pool *pgxpool.Pool }

const tableSQL = `
	DROP TABLE IF EXISTS items;
	CREATE TABLE items (
		row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner bigint NOT NULL, at timestamptz NOT NULL, id text NOT NULL, data bytea
	);
	CREATE INDEX items_page ON items (owner, at DESC, id DESC)`

// NewTable makes the table anew, with MaxItems items for each of some owners.
func NewTable(b *testing.B, pool *pgxpool.Pool, owners int, item func(n int) timak.Item) Table {
	b.Helper()
	execute(b, pool, tableSQL)
	for owner := range owners {
		rows := make([][]any, MaxItems)
		for n := range rows {
			item := item(n)
			rows[n] = []any{owner, item.At, item.ID, item.Data}
		}
		if _, err := pool.CopyFrom(b.Context(), pgx.Identifier{"items"}, []string{"owner", "at", "id", "data"}, pgx.CopyFromRows(rows)); err != nil {
			b.Fatal(err)
		}
	}
	execute(b, pool, `VACUUM ANALYZE items`)
	return Table{pool}
}

func execute(b *testing.B, pool *pgxpool.Pool, sql string) {
	b.Helper()
	if _, err := pool.Exec(b.Context(), sql); err != nil {
		b.Fatal(err)
	}
}

// Page reads the newest 20 items of an owner.
func (t Table) Page(b *testing.B, owner int) {
	rows, err := t.pool.Query(b.Context(), `SELECT id, at, data FROM items WHERE owner = $1 ORDER BY at DESC, id DESC LIMIT 20`, owner)
	if err != nil {
		b.Error(err)
		return
	}
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (item timak.Item, err error) {
		return item, row.Scan(&item.ID, &item.At, &item.Data)
	})
	if err != nil || len(items) != 20 {
		b.Errorf("SELECT: got %d items, %v; want 20", len(items), err)
	}
}

// Insert adds an item.
func (t Table) Insert(b *testing.B, owner int, item timak.Item) {
	_, err := t.pool.Exec(b.Context(), `INSERT INTO items (owner, at, id, data) VALUES ($1, $2, $3, $4)`, owner, item.At, item.ID, item.Data)
	if err != nil {
		b.Error(err)
	}
}
