package triggers

import (
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// RegisterMarks registers the callbacks that mark a transaction in which triggers may
// have recorded changes, so that its commit wakes the relay. A delete from any table
// counts, as foreign keys may pass it on. Updates of other tables do not, although
// their foreign keys or triggers may change tracked rows: the relay finds such
// changes like those of other programs, and a commit that delivers looks for them.
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

// markRaw marks the transaction of raw SQL.
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

// mayRecord reports whether triggers may record what raw SQL changes.
func (w *Watch) mayRecord(text sqltext.Text) bool {
	return sqltext.HasWord(text.Words, "delete", "truncate") || statement.WrittenBy(w.tables, text) != ""
}

// markRecorded wakes the relay when the transaction commits, or at once outside a
// transaction.
func (w *Watch) markRecorded(pool gorm.ConnPool) {
	if _, inside := pool.(gorm.TxCommitter); inside {
		w.sessions.MarkDirty(pool)
	} else {
		w.opts.Wake()
	}
}
