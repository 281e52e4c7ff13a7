package timakgorm

import (
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// registerChecks has the triggers of a table looked at before it is written, and
// again when this process has changed it.
func (p *Plugin) registerChecks(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().Before("gorm:create").Register("timak:check_create", guarded(p.checkWrite(create))),
		on.Update().Before("gorm:update").Register("timak:check_update", guarded(p.checkWrite(update))),
		on.Delete().Before("gorm:delete").Register("timak:check_delete", guarded(p.checkWrite(remove))),
		on.Raw().Before("gorm:raw").Register("timak:check_raw", guarded(p.checkRawWrite)),
		on.Row().Before("gorm:row").Register("timak:check_row", guarded(p.checkRawWrite)),
		on.Query().Before("gorm:query").Register("timak:check_query", guarded(p.checkRawWrite)),
	)
}

// checkWrite refuses the write of a table whose triggers are not right.
func (p *Plugin) checkWrite(v verb) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		st := db.Statement
		switch {
		case db.Error != nil || db.DryRun:
			return nil
		case st.SQL.Len() > 0: // db.Raw(…).Create(…)
			return p.checkRawWrite(db)
		}
		p.noteSchema(db)
		if p.triggersChecked(p.schemaOf(st.ConnPool)) || !p.mayWrite(st, v) {
			return nil
		}
		return p.checkTable(db)
	}
}

// checkTable looks at the triggers of the table that a statement writes, or at
// those of all where it does not say so plainly.
func (p *Plugin) checkTable(db *gorm.DB) error {
	st := db.Statement
	if t := p.named(st.Table); t != nil && st.TableExpr == nil {
		return p.triggers[t.model.table].check(st.Context, p, st.ConnPool)
	}
	return p.checkTriggers(st.Context, st.ConnPool)
}

// checkRawWrite is checkWrite for SQL of the user's own. A transaction that makes
// a table anew may fill it before it installs the triggers.
func (p *Plugin) checkRawWrite(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun || verbsIn(st.SQL.String())&writing == 0 {
		return nil
	}
	p.noteSchema(db)
	tx := transactionOf(st.ConnPool)
	if tx != nil && tx.changesSchema || p.triggersChecked(p.schemaOf(st.ConnPool)) {
		return nil
	}
	return p.checkRawTable(db)
}

func (p *Plugin) checkRawTable(db *gorm.DB) error {
	text, may := textWith(db, writing)
	if !may {
		return nil
	}
	name := p.writtenBy(text)
	if name == "" {
		return nil
	}
	return p.triggers[name].check(db.Statement.Context, p, db.Statement.ConnPool)
}

// checkedSetting is where a statement outside of our transactions keeps the
// number of the schema that it began with.
const checkedSetting = "timak:checked"

// noteSchema keeps what checkAgain needs.
func (p *Plugin) noteSchema(db *gorm.DB) {
	if p.opts.Capture == Triggers && transactionOf(db.Statement.ConnPool) == nil {
		db.InstanceSet(checkedSetting, p.schema.number.Load())
	}
}

// checkAgain checks a statement that has run while the schema was changed: it
// may have waited for the change, and written a table that has no triggers any
// more. Then its transaction must not be committed.
func (p *Plugin) checkAgain(db *gorm.DB, check func(*gorm.DB) error) error {
	if db.Error != nil || db.DryRun {
		return nil
	}
	st := db.Statement
	tx := transactionOf(st.ConnPool)
	if tx != nil && p.schema.is(tx.schema) {
		return nil
	}
	if tx == nil {
		value, _ := db.InstanceGet(checkedSetting)
		if number, ok := value.(uint64); !ok || p.schema.is(number) {
			return nil
		}
	}
	err := check(db)
	if _, inside := st.ConnPool.(gorm.TxCommitter); err != nil && !inside {
		return fmt.Errorf("timakgorm: the write has taken place, outside of a transaction, while the schema was changed, and may not be recorded: %w", err)
	}
	if err != nil {
		p.spoil(st.Context, st.ConnPool, err)
	}
	return err
}
