package triggers

import (
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// RegisterChecks registers the callbacks that check a table's triggers before it is
// written: once, and again after this process has changed the schema.
func (w *Watch) RegisterChecks(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().Before("gorm:create").Register("timak:check_create", statement.Guarded(w.checkWrite(statement.Create))),
		on.Update().Before("gorm:update").Register("timak:check_update", statement.Guarded(w.checkWrite(statement.Update))),
		on.Delete().Before("gorm:delete").Register("timak:check_delete", statement.Guarded(w.checkWrite(statement.Remove))),
		on.Raw().Before("gorm:raw").Register("timak:check_raw", statement.Guarded(w.checkRawWrite)),
		on.Row().Before("gorm:row").Register("timak:check_row", statement.Guarded(w.checkRawWrite)),
		on.Query().Before("gorm:query").Register("timak:check_query", statement.Guarded(w.checkRawWrite)),
	)
}

// checkWrite refuses a write to a table whose triggers are wrong.
func (w *Watch) checkWrite(v statement.Verb) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		st := db.Statement
		switch {
		case db.Error != nil || db.DryRun:
			return nil
		case st.SQL.Len() > 0: // db.Raw(…).Create(…)
			return w.checkRawWrite(db)
		}
		w.noteSchema(db)
		if w.triggersChecked(w.sessions.SchemaOf(st.ConnPool)) || !statement.MayWrite(w.tables, st, v) {
			return nil
		}
		return w.checkTable(db)
	}
}

// checkTable checks the triggers of the table that a statement writes, or of all
// tables if the statement does not name it plainly.
func (w *Watch) checkTable(db *gorm.DB) error {
	st := db.Statement
	if t := w.tables.Named(st.Table); t != nil && st.TableExpr == nil {
		return w.triggers[t.Model.Table].check(st.Context, w, st.ConnPool)
	}
	return w.checkTriggers(st.Context, st.ConnPool)
}

// checkRawWrite is checkWrite for raw SQL. A transaction that creates a table may fill
// it before it installs the triggers.
func (w *Watch) checkRawWrite(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun || sqltext.VerbsIn(st.SQL.String())&sqltext.Writing == 0 {
		return nil
	}
	w.noteSchema(db)
	tx := session.TransactionOf(st.ConnPool)
	if tx != nil && tx.ChangesSchema || w.triggersChecked(w.sessions.SchemaOf(st.ConnPool)) {
		return nil
	}
	return w.checkRawTable(db)
}

func (w *Watch) checkRawTable(db *gorm.DB) error {
	text, may := statement.TextWith(db, sqltext.Writing)
	if !may {
		return nil
	}
	name := statement.WrittenBy(w.tables, text)
	if name == "" {
		return nil
	}
	return w.triggers[name].check(db.Statement.Context, w, db.Statement.ConnPool)
}

// checkedSetting is the setting in which a statement outside a transaction of timak's
// keeps the version of the schema with which it began.
const checkedSetting = "timak:checked"

// noteSchema notes the version of the schema for checkAgain.
func (w *Watch) noteSchema(db *gorm.DB) {
	if w.opts.Installed && session.TransactionOf(db.Statement.ConnPool) == nil {
		db.InstanceSet(checkedSetting, w.sessions.Schema.Now())
	}
}

// checkAgain checks a statement that has run while the schema changed: it may have
// waited for that, and written a table that has lost its triggers. Then its
// transaction must not be committed.
func (w *Watch) checkAgain(db *gorm.DB, check func(*gorm.DB) error) error {
	if db.Error != nil || db.DryRun {
		return nil
	}
	st := db.Statement
	tx := session.TransactionOf(st.ConnPool)
	if tx != nil && w.sessions.Schema.Is(tx.Schema) {
		return nil
	}
	if tx == nil {
		value, _ := db.InstanceGet(checkedSetting)
		if number, ok := value.(uint64); !ok || w.sessions.Schema.Is(number) {
			return nil
		}
	}
	err := check(db)
	if _, inside := st.ConnPool.(gorm.TxCommitter); err != nil && !inside {
		return fmt.Errorf("%w; the write has taken place outside a transaction while the schema changed, and may not be recorded: call plugin.Rebuild", err)
	}
	if err != nil {
		w.sessions.Spoil(st.Context, st.ConnPool, err)
	}
	return err
}
