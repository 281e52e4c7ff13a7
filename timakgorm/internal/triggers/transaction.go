package triggers

import (
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// With Triggers, a statement outside of any transaction is committed by the
// database itself, and nobody could tell which changes were its own. So, where a
// commit is to deliver them, such a statement gets a transaction.

// RegisterTransactions has these transactions begun and ended. The row chain has
// none: whoever reads its rows does so after the last callback.
func (w *Watch) RegisterTransactions(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().Before("timak:check_create").Register("timak:begin_create", statement.Guarded(w.beginWrite)),
		on.Create().After("timak:after_create").Before("gorm:save_after_associations").Register("timak:end_create", statement.Guarded(session.EndStatement)),
		on.Update().Before("timak:check_update").Register("timak:begin_update", statement.Guarded(w.beginWrite)),
		on.Update().After("timak:after_update").Before("gorm:save_after_associations").Register("timak:end_update", statement.Guarded(session.EndStatement)),
		on.Delete().Before("timak:check_delete").Register("timak:begin_delete", statement.Guarded(w.beginWrite)),
		on.Delete().After("timak:after_delete").Before("gorm:after_delete").Register("timak:end_delete", statement.Guarded(session.EndStatement)),
		on.Raw().Before("timak:begin_ddl").Register("timak:begin_raw", statement.Guarded(w.beginRaw)),
		on.Raw().After("timak:after_raw").Register("timak:end_raw", statement.Guarded(session.EndStatement)),
		on.Query().Before("timak:begin_ddl").Register("timak:begin_query", statement.Guarded(w.beginQuery)),
		on.Query().After("timak:after_query").Register("timak:end_query", statement.Guarded(session.EndStatement)),
		session.GuardWrites(db), session.GuardSQL(db),
	)
}

// beginWrite is for statements that GORM builds, on whatever table: a trigger or
// a foreign key of one that is not tracked may change one that is.
func (w *Watch) beginWrite(db *gorm.DB) error {
	if db.Statement.SQL.Len() > 0 {
		return w.beginRaw(db)
	}
	return session.BeginStatement(db)
}

// beginRaw is for SQL of the user's own that is executed.
func (w *Watch) beginRaw(db *gorm.DB) error {
	if db.Statement.SQL.Len() == 0 || statement.InTransaction(db) || !w.tables.Dialect.Language.WantsTransaction(statement.TextOf(db).Words, true) {
		return nil
	}
	return session.BeginStatement(db)
}

// beginQuery is for SQL of the user's own whose rows GORM reads: functions that a
// SELECT calls are not looked for.
func (w *Watch) beginQuery(db *gorm.DB) error {
	text, may := statement.TextWith(db, sqltext.Writing|sqltext.Blocks)
	if !may || statement.InTransaction(db) || !w.tables.Dialect.Language.WantsTransaction(text.Words, false) {
		return nil
	}
	return session.BeginStatement(db)
}
