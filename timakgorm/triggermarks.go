package timakgorm

import (
	"errors"
	"slices"

	"gorm.io/gorm"
)

// registerMarks is registerCallbacks for Options.Capture Triggers: the triggers
// write to the outbox, and the callbacks say so to whoever is to wake the relay.
// Cascades from a delete of another table's rows count, those from an update and
// what triggers of other tables change do not: the relay finds them as it finds
// what other programs have changed, and a commit that is to deliver asks.
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

// markWrite marks the transaction of a statement that GORM has built.
func (p *Plugin) markWrite(v verb) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		if db.Error == nil && !db.DryRun && (v == remove || p.tables[db.Statement.Table] != nil || p.mayWrite(db.Statement, v)) {
			p.markRecorded(db.Statement.ConnPool)
		}
		return p.checkAgain(db, func(db *gorm.DB) error {
			if !p.mayWrite(db.Statement, v) {
				return nil
			}
			return p.checkTable(db)
		})
	}
}

// markRaw marks the transaction of SQL of the user's own.
func (p *Plugin) markRaw(db *gorm.DB) error {
	text, may := textWith(db, writing)
	if !may {
		return nil
	}
	if db.Error == nil && !db.DryRun && p.mayRecord(text) {
		p.markRecorded(db.Statement.ConnPool)
	}
	return p.checkAgain(db, p.checkRawTable)
}

// mayRecord reports whether triggers may record what a SQL text changes.
func (p *Plugin) mayRecord(text sqlText) bool {
	return hasWord(text.words, "delete", "truncate") || p.writtenBy(text) != ""
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

// hasWord reports whether one of the words is among those of a SQL text.
func hasWord(words []string, any ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.ContainsFunc(any, func(wanted string) bool { return sameName(word, wanted) })
	})
}
