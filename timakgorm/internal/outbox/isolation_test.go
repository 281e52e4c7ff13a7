package outbox_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// leveled is an outbox in a database with a level of isolation of its own for transactions
// that ask for none.
type leveled struct {
	*world.World
	*outbox.Outbox
}

func newLeveled(t *testing.T, level string) leveled {
	t.Helper()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	pool, err := w.DB.DB()
	w.Must(err)
	w.Must(w.DB.Exec("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''" + level + "''', current_database()); END $$").Error)
	pool.SetMaxIdleConns(0) // closes those that have the old one
	pool.SetMaxIdleConns(5)
	var is string
	w.Must(pool.QueryRowContext(t.Context(), "SHOW transaction_isolation").Scan(&is))
	if is != level {
		t.Fatalf("a transaction is %s, want %s", is, level)
	}
	o, err := outbox.Open(pool, &dialect.Tables{Dialect: dialect.Postgres})
	w.Must(err)
	return leveled{w, o}
}

// bothAfter runs do twice at once while a query's row is locked, and unlocks it when both wait.
func (w leveled) bothAfter(query string, do func(ctx context.Context, n int) error) (first, second error) {
	w.Helper()
	tx, err := w.Outbox.DB.BeginTx(w.Context(), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	w.Must(err)
	_, err = tx.ExecContext(w.Context(), query+" FOR UPDATE")
	w.Must(err)
	errs := make(chan error, 2)
	for n := range 2 {
		go func() { errs <- do(w.Context(), n) }()
	}
	w.Await("both to wait for the row", func() bool {
		var waits int
		w.Must(w.World.DB.Raw("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&waits).Error)
		return waits == 2
	})
	w.Must(tx.Rollback())
	return <-errs, <-errs
}

// TestLevels: whatever the database's level of isolation, two relays that wait for each other
// see what the first one has done.
func TestLevels(t *testing.T) {
	t.Parallel()
	const clock = "SELECT high FROM timak_clock"
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			w := newLeveled(t, level)
			oneOf := func(about string, want, first, second error) {
				t.Helper()
				if first == nil {
					first, second = second, first
				}
				if second != nil || !errors.Is(first, want) {
					t.Errorf("%s: got %v and %v, want one to succeed and %v", about, first, second, want)
				}
			}

			first, second := w.bothAfter(clock, func(ctx context.Context, n int) error {
				_, _, err := w.Learn(ctx, outbox.Look{Own: outbox.Mark{Text: fmt.Sprint(n)}})
				return err
			})
			oneOf("marks of two stores", outbox.ErrMarksChanged, first, second)

			const change = "INSERT INTO timak_outbox (id, version, tbl, pk) OVERRIDING SYSTEM VALUE VALUES (1, 1, 'posts', '')"
			w.Must(w.World.DB.Exec(change).Error)
			table := &dialect.Table{Dialect: dialect.Postgres, SQL: dialect.Statements{Draw: "SELECT timak_version($1)"}}
			claimed := make([]bool, 2)
			first, second = w.bothAfter(clock, func(ctx context.Context, n int) error {
				_, ours, err := w.Claim(ctx, table, [][]int64{{1}})
				claimed[n] = err == nil && ours[0]
				return err
			})
			oneOf("claims of one change", nil, first, second)
			if claimed[0] == claimed[1] {
				t.Errorf("claims of one change: got %v, want one", claimed)
			}

			first, second = w.bothAfter(clock, func(ctx context.Context, _ int) error {
				return w.Settle(ctx, outbox.Settlement{Dead: []outbox.Fate{{ID: 1, Error: "x"}}})
			})
			oneOf("settlements of one change", nil, first, second)

			first, second = w.bothAfter("SELECT 1 FROM timak_dead", func(ctx context.Context, _ int) error { return w.Retry(ctx, 1) })
			oneOf("retries of one dead letter", outbox.ErrNoDeadLetter, first, second)
		})
	}
}
