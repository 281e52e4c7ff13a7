package session

import (
	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// A trigger may record what no callback sees coming: what another table's
// trigger changes, a cascade, a function. So with Triggers the commit that is to
// deliver asks the database whether the transaction has written anything.

// recordsUnseen reports whether a transaction may have recorded changes without
// having been marked.
func (s *Sessions) recordsUnseen() bool {
	return s.opts.Unseen && s.opts.Deliver != nil
}

// writtenSQL asks Postgres whether a transaction has written, without giving an
// id to one that has not, and whether the outbox can be read: before Migrate, or
// by a role without the right to, the question for its rows would be an error,
// which ends the transaction.
const writtenSQL = `SELECT pg_current_xact_id_if_assigned() IS NOT NULL
	AND coalesce(has_table_privilege(to_regclass($1), 'SELECT'), false)`

// hasWritten reports whether a transaction that is not marked may have recorded
// changes. One whose question fails is left to its commit, which then fails too,
// and to the relay.
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

// totalChanges returns how many rows SQLite has changed by this connection, by
// triggers and cascades too.
func (t *Transaction) totalChanges() (n int64, err error) {
	err = t.QueryRowContext(t.ctx, "SELECT total_changes()").Scan(&n)
	return n, err
}

// hasOutbox reports whether Migrate has made SQLite's.
func (t *Transaction) hasOutbox() (there bool) {
	err := t.QueryRowContext(t.ctx, "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = 'timak_outbox'").Scan(&there)
	return err == nil && there
}
