package outbox_test

import (
	"database/sql"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestSettle_held: while a transaction is held, a settlement reads none of the rows that were
// deleted since, though by the statistics there are no others.
func TestSettle_held(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	pool, err := w.DB.DB()
	w.Must(err)
	o, err := outbox.Open(pool, &dialect.Tables{Dialect: dialect.Postgres})
	w.Must(err)
	held, err := pool.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	w.Must(err)
	defer func() { w.Must(held.Rollback()) }()
	_, err = held.ExecContext(t.Context(), "SELECT count(*) FROM posts")
	w.Must(err)
	for _, statement := range []string{
		"INSERT INTO timak_outbox (version, tbl, pk) SELECT 1, 'none', '' FROM generate_series(1, 30000)", "DELETE FROM timak_outbox",
		"VACUUM ANALYZE timak_outbox", "INSERT INTO timak_outbox (version, tbl, pk) VALUES (1, 'none', '')",
	} {
		_, err := pool.ExecContext(t.Context(), statement)
		w.Must(err)
	}
	const id = 30001
	for about, s := range map[string]outbox.Settlement{
		"done":    {Done: []int64{id}},
		"dead":    {Dead: []outbox.Fate{{ID: id, Error: "x"}}},
		"late":    {Late: []outbox.Fate{{ID: id, Error: "x"}}},
		"some":    {Some: []outbox.Progress{{ID: id, Text: "{}"}}},
		"claimed": {Claims: map[int64]int64{id: 5}},
	} {
		tx, err := pool.BeginTx(t.Context(), nil)
		w.Must(err)
		fetched := func() (blocks int64) {
			w.Must(tx.QueryRowContext(t.Context(), `SELECT pg_stat_get_xact_blocks_fetched('timak_outbox'::regclass)
				+ pg_stat_get_xact_blocks_fetched('timak_outbox_pkey'::regclass)`).Scan(&blocks))
			return blocks
		}
		before := fetched()
		w.Must(o.SettleIn(t.Context(), tx, s))
		blocks := fetched() - before
		w.Must(tx.Rollback())
		if blocks == 0 || blocks > 50 {
			t.Errorf("%s: %d blocks of the outbox read, want few of its hundreds", about, blocks)
		}
	}
}

// TestSettle_clock: settlements that come soon one after another leave the clock's row where
// it is.
func TestSettle_clock(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	pool, err := w.DB.DB()
	w.Must(err)
	row := func() (place string, high int64) {
		w.Must(pool.QueryRowContext(t.Context(), "SELECT CAST(ctid AS text), high FROM timak_clock").Scan(&place, &high))
		return place, high
	}
	change := func() {
		w.Must(w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
		w.Drain()
	}
	change()
	before, high := row()
	if high == 0 {
		t.Error("after a change has left the outbox: the clock is 0, want its version")
	}
	for range 3 {
		change()
	}
	if after, _ := row(); after != before {
		t.Errorf("after three more: the clock's row is at %s, want %s", after, before)
	}
	w.Must(w.DB.Exec("UPDATE timak_clock SET high = high - 60000000").Error)
	change()
	if _, now := row(); now < high {
		t.Errorf("a minute later: the clock is at %d, want %d at least", now, high)
	}
	w.Must(w.DB.Exec("DELETE FROM timak_clock").Error)
	change()
	if _, now := row(); now < high {
		t.Errorf("without its row: the clock is at %d, want %d at least", now, high)
	}
}
