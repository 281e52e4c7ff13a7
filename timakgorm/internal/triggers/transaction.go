package triggers

import (
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// With triggers, the database itself commits a statement outside a transaction, and
// which changes were its own is not known. So where a commit delivers its changes,
// such a statement gets a transaction.

// RegisterTransactions registers the callbacks that begin and end these transactions.
// The Row chain gets none, as the caller reads its rows after the last callback.
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

// beginWrite begins one for a statement that GORM builds, on any table: a trigger or a
// foreign key of a table that is not tracked may change a tracked one.
func (w *Watch) beginWrite(db *gorm.DB) error {
	if db.Statement.SQL.Len() > 0 {
		return w.beginRaw(db)
	}
	return session.BeginStatement(db)
}

// beginRaw begins one for raw SQL that is executed.
func (w *Watch) beginRaw(db *gorm.DB) error {
	if db.Statement.SQL.Len() == 0 || statement.InTransaction(db) || !w.tables.Dialect.Language.WantsTransaction(statement.TextOf(db).Words, true) {
		return nil
	}
	return session.BeginStatement(db)
}

// beginQuery begins one for raw SQL whose rows GORM reads. It does not look for
// functions that a SELECT calls.
func (w *Watch) beginQuery(db *gorm.DB) error {
	text, may := statement.TextWith(db, sqltext.Writing|sqltext.Blocks)
	if !may || statement.InTransaction(db) || !w.tables.Dialect.Language.WantsTransaction(text.Words, false) {
		return nil
	}
	return session.BeginStatement(db)
}
