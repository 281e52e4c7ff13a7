package triggers

import (
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// RegisterMarks is registerCallbacks for Options.Capture Triggers: the triggers
// write to the outbox, and the callbacks say so to whoever is to wake the relay.
// Cascades from a delete of another table's rows count, those from an update and
// what triggers of other tables change do not: the relay finds them as it finds
// what other programs have changed, and a commit that is to deliver asks.
func (w *Watch) RegisterMarks(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().After("gorm:create").Before("gorm:save_after_associations").Register("timak:after_create", statement.Guarded(w.markWrite(statement.Create))),
		on.Update().After("gorm:update").Before("gorm:save_after_associations").Register("timak:after_update", statement.Guarded(w.markWrite(statement.Update))),
		on.Delete().After("gorm:delete").Before("gorm:after_delete").Register("timak:after_delete", statement.Guarded(w.markWrite(statement.Remove))),
		on.Raw().After("gorm:raw").Register("timak:after_raw", statement.Guarded(w.markRaw)),
		on.Row().After("gorm:row").Register("timak:after_row", statement.Guarded(w.markRaw)),
		on.Query().After("gorm:query").Register("timak:after_query", statement.Guarded(w.markRaw)),
	)
}

// markWrite marks the transaction of a statement that GORM has built.
func (w *Watch) markWrite(v statement.Verb) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		if db.Error == nil && !db.DryRun && (v == statement.Remove || w.tables.Of(db.Statement.Table) != nil || statement.MayWrite(w.tables, db.Statement, v)) {
			w.markRecorded(db.Statement.ConnPool)
		}
		return w.checkAgain(db, func(db *gorm.DB) error {
			if !statement.MayWrite(w.tables, db.Statement, v) {
				return nil
			}
			return w.checkTable(db)
		})
	}
}

// markRaw marks the transaction of SQL of the user's own.
func (w *Watch) markRaw(db *gorm.DB) error {
	text, may := statement.TextWith(db, sqltext.Writing)
	if !may {
		return nil
	}
	if db.Error == nil && !db.DryRun && w.mayRecord(text) {
		w.markRecorded(db.Statement.ConnPool)
	}
	return w.checkAgain(db, w.checkRawTable)
}

// mayRecord reports whether triggers may record what a SQL text changes.
func (w *Watch) mayRecord(text sqltext.Text) bool {
	return sqltext.HasWord(text.Words, "delete", "truncate") || statement.WrittenBy(w.tables, text) != ""
}

// markRecorded has the relay woken when what triggers may have recorded is
// committed: at once, outside of a transaction.
func (w *Watch) markRecorded(pool gorm.ConnPool) {
	if _, inside := pool.(gorm.TxCommitter); inside {
		w.sessions.MarkDirty(pool)
	} else {
		w.opts.Wake()
	}
}
