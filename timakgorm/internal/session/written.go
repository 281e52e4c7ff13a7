package session

import (
	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// A trigger may record what no callback foresees: what another table's trigger
// changes, a cascade, a function. So with Triggers a commit that must deliver
// asks the database whether the transaction has written anything.

// recordsUnseen reports whether a transaction may have recorded changes without
// being marked as dirty.
func (s *Sessions) recordsUnseen() bool {
	return s.opts.Unseen && s.opts.Deliver != nil
}

// writtenSQL asks Postgres whether a transaction has written, without assigning
// an id to one that has not, and whether the outbox can be read. Before Migrate,
// or for a role without the right to read it, a query of its rows would be an
// error, which aborts the transaction.
const writtenSQL = `SELECT pg_current_xact_id_if_assigned() IS NOT NULL
	AND coalesce(has_table_privilege(to_regclass($1), 'SELECT'), false)`

// hasWritten reports whether a transaction that is not dirty may have recorded
// changes. If the question fails, the changes are left to the relay; the commit
// then fails too.
func (t *Transaction) hasWritten() (written bool) {
	s := t.pool.sessions
	if !s.recordsUnseen() {
		return false
	}
	if s.tables.Dialect.Name == dialect.SQLite.Name {
		changed, err := t.totalChanges()
		return err == nil && changed != t.changed && t.hasOutbox()
	}
	err := t.QueryRowContext(t.ctx, writtenSQL, s.ownName("timak_outbox")).Scan(&written)
	return err == nil && written
}

// totalChanges returns how many rows SQLite has changed by this connection,
// including those changed by triggers and cascades.
func (t *Transaction) totalChanges() (n int64, err error) {
	err = t.QueryRowContext(t.ctx, "SELECT total_changes()").Scan(&n)
	return n, err
}

// hasOutbox reports whether the outbox exists on SQLite.
func (t *Transaction) hasOutbox() (there bool) {
	err := t.QueryRowContext(t.ctx, "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = 'timak_outbox'").Scan(&there)
	return err == nil && there
}
