package pgstore_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/pgstore"
)

// A change of a long timeline leaves the value where it is: Postgres writes none of its
// chunks again, until there are many additions.
func TestAdditionsLeaveTheValue(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, err := pgstore.Open(t.Context(), dsn, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	engine := timak.New(store, nil)
	apply := func(ops ...timak.Op) {
		t.Helper()
		if _, err := engine.Apply(t.Context(), "k", ops...); err != nil {
			t.Fatal(err)
		}
	}
	apply(bench.Fill(bench.MaxItems, bench.Post)...)
	first := largest(t, dsn)
	for n := range 17 {
		apply(timak.Put(bench.Post(bench.MaxItems + n)))
		if same := slices.Equal(largest(t, dsn), first); same != (n < 16) {
			t.Errorf("add %d: the value is stored as it was: %v", n, same)
		}
	}
	page, err := engine.Page(t.Context(), "k", timak.Query{})
	if err != nil || page.Items[0].ID != bench.Post(bench.MaxItems+16).ID {
		t.Errorf("got %v, %v", page.Items, err)
	}
}

// largest returns the chunk ids of the values that take many chunks.
func largest(t *testing.T, dsn string) []uint32 {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var toast string
	if err := conn.QueryRow(t.Context(), `SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = 'timak_timelines'::regclass`).Scan(&toast); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), `SELECT chunk_id FROM `+toast+` GROUP BY chunk_id HAVING count(*) > 10 ORDER BY chunk_id`)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uint32])
	if err != nil || len(ids) == 0 {
		t.Fatalf("got %v, %v", ids, err)
	}
	return ids
}
