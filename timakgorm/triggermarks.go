package timakgorm

import (
	"errors"
	"slices"

	"gorm.io/gorm"
)

// registerMarks is registerCallbacks for Options.Capture Triggers: the triggers
// write to the outbox, and the callbacks say so to whoever is to wake the relay.
// Cascades from a delete of another table's rows count, those from an update do
// not: the relay finds them as it finds what other programs have changed.
func (p *Plugin) registerMarks(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().After("gorm:create").Before("gorm:save_after_associations").Register("timak:after_create", guarded(p.markWrite(create))),
		on.Update().After("gorm:update").Before("gorm:save_after_associations").Register("timak:after_update", guarded(p.markWrite(update))),
		on.Delete().After("gorm:delete").Before("gorm:after_delete").Register("timak:after_delete", guarded(p.markWrite(remove))),
		on.Raw().After("gorm:raw").Register("timak:after_raw", guarded(p.markRaw)),
		on.Row().After("gorm:row").Register("timak:after_row", guarded(p.markRaw)),
		on.Query().After("gorm:query").Register("timak:after_query", guarded(p.markRaw)),
	)
}

// registerChecks has the triggers of a table looked at before it is written, and
// again when this process has changed it.
func (p *Plugin) registerChecks(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().Before("gorm:create").Register("timak:check_create", guarded(p.checkWrite(create))),
		on.Update().Before("gorm:update").Register("timak:check_update", guarded(p.checkWrite(update))),
		on.Delete().Before("gorm:delete").Register("timak:check_delete", guarded(p.checkWrite(remove))),
		on.Raw().After("gorm:raw").Register("timak:check_raw", guarded(p.noteDDL)),
	)
}

// markWrite marks the transaction of a statement that GORM has built.
func (p *Plugin) markWrite(v verb) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		if db.Error == nil && !db.DryRun && (v == remove || p.tables[db.Statement.Table] != nil || p.mayWrite(db.Statement, v)) {
			p.markRecorded(db.Statement.ConnPool)
		}
		return nil
	}
}

// markRaw marks the transaction of SQL of the user's own.
func (p *Plugin) markRaw(db *gorm.DB) error {
	if db.Error == nil && !db.DryRun && p.mayRecord(db.Statement.SQL.String()) {
		p.markRecorded(db.Statement.ConnPool)
	}
	return nil
}

// mayRecord reports whether triggers may record what a SQL text changes.
func (p *Plugin) mayRecord(sql string) bool {
	return hasWord(sqlWords(sql), "delete", "truncate") || p.writtenByRaw(sql) != ""
}

// markRecorded has the relay woken when what triggers may have recorded is
// committed: at once, outside of a transaction.
func (p *Plugin) markRecorded(pool gorm.ConnPool) {
	if _, inside := pool.(gorm.TxCommitter); inside {
		p.markDirty(pool)
	} else {
		p.wake()
	}
}

// checkWrite refuses the write of a table whose triggers are not right.
func (p *Plugin) checkWrite(v verb) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		st := db.Statement
		if db.Error != nil || db.DryRun || p.triggersChecked() || !p.mayWrite(st, v) {
			return nil
		}
		if t := p.named(st.Table); t != nil && st.TableExpr == nil {
			return p.triggers[t.model.table].check(st.Context, p, st.ConnPool)
		}
		return p.checkTriggers(st.Context, st.ConnPool)
	}
}

// noteDDL has triggers looked at again after DDL. SQLite's migrator makes some
// changes of a table by making another, and the triggers are gone with the first.
func (p *Plugin) noteDDL(db *gorm.DB) error {
	if !db.DryRun && hasWord(sqlWords(db.Statement.SQL.String()), "create", "alter", "drop") {
		p.schemaChanged()
	}
	return nil
}

// hasWord reports whether one of the words is among those of a SQL text.
func hasWord(words []string, any ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.ContainsFunc(any, func(wanted string) bool { return sameName(word, wanted) })
	})
}
