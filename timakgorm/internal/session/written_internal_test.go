package session

import (
	"context"
	"slices"
	"testing"

	driver "gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Asking whether a transaction that has only read has written gives it no id, and
// nothing more is asked.
func TestHasWritten(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := gorm.Open(driver.Open(pgtest.DSN(t)))
	must(err)
	pool, err := db.DB()
	must(err)
	t.Cleanup(func() { _ = pool.Close() })
	must(outbox.MigrateUp(t.Context(), db))
	s := New(&dialect.Tables{Dialect: dialect.Postgres}, Options{Deliver: func(context.Context, []int64) {}, Unseen: true})
	begun, err := (&commitPool{DB: pool, sessions: s}).BeginTx(t.Context(), nil)
	must(err)
	tx := TransactionOf(begun)
	hasID := func() (has bool) {
		t.Helper()
		must(tx.QueryRowContext(t.Context(), "SELECT pg_current_xact_id_if_assigned() IS NOT NULL").Scan(&has))
		return has
	}
	if tx.hasWritten() || hasID() {
		t.Error("a transaction that has only read: hasWritten returned true, or it has an id")
	}
	if ids, _, err := tx.recorded(); err != nil || len(ids) > 0 || hasID() {
		t.Errorf("got %v, %v, and an id: %t", ids, err, hasID())
	}
	var id int64
	must(tx.QueryRowContext(t.Context(), "INSERT INTO timak_outbox (version, tbl, pk) VALUES (1, 't', '[1]') RETURNING id").Scan(&id))
	if ids, _, err := tx.recorded(); !tx.hasWritten() || err != nil || !slices.Equal(ids, []int64{id}) {
		t.Errorf("after an insert: got %v, %v, want %d", ids, err, id)
	}
	must(tx.Rollback())
}
