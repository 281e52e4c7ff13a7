package session

import (
	"context"
	"slices"
	"testing"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// TestCommit_searches: a commit finds the changes of its transaction, in an outbox that was
// recreated too, and searches no older ones, though the last commit has recorded none.
func TestCommit_searches(t *testing.T) {
	t.Parallel()
	db, err := gorm.Open(postgres.Open(pgtest.DSN(t)), &gorm.Config{Logger: logger.Discard})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	must(outbox.MigrateUp(t.Context(), db))
	plain, err := db.DB()
	must(err)
	t.Cleanup(func() { _ = plain.Close() })
	var delivered []int64
	s := New(&dialect.Tables{Dialect: dialect.Postgres}, Options{Deliver: func(_ context.Context, ids []int64) { delivered = ids }})
	pool := &commitPool{DB: plain, sessions: s}
	commit := func(about string, after int64, want ...int64) {
		t.Helper()
		begun, err := pool.BeginTx(t.Context(), nil)
		must(err)
		tx, _ := begun.(*Transaction)
		if tx.after != after {
			t.Errorf("%s: searches behind %d, want %d", about, tx.after, after)
		}
		tx.dirty = true
		for range want {
			_, err := tx.ExecContext(t.Context(), "INSERT INTO timak_outbox (version, tbl, pk) VALUES (1, 'x', '')")
			must(err)
		}
		must(tx.Commit())
		if !slices.Equal(delivered, want) {
			t.Errorf("%s: delivers %v, want %v", about, delivered, want)
		}
	}
	commit("the first", 0, 1, 2)
	commit("with no change", 2)
	begun, err := pool.BeginTx(t.Context(), nil)
	must(err)
	for dirty, want := range map[bool]int64{false: 0, true: 2} {
		TransactionOf(begun).dirty = dirty
		if _, drawn, err := TransactionOf(begun).recorded(); err != nil || drawn != want {
			t.Errorf("with no change, dirty %t: got %d as the last id, %v; want %d, as only who writes to the outbox asks", dirty, drawn, err, want)
		}
	}
	must(TransactionOf(begun).Rollback())
	_, err = plain.ExecContext(t.Context(), "DELETE FROM timak_outbox")
	must(err)
	commit("after one with no change", 2, 3)
	must(outbox.MigrateDown(t.Context(), db))
	must(outbox.MigrateUp(t.Context(), db))
	commit("in another outbox", 3, 1)
	commit("after that", 1, 2)
}
