package timakgorm

import (
	"errors"

	"gorm.io/gorm"
)

// registerDDL has DDL noticed, whichever way it takes, and what makes sessions find
// other tables. SQLite's migrator makes some changes of a table by making another,
// and the triggers are gone with the first.
func (p *Plugin) registerDDL(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Raw().Before("gorm:raw").Register("timak:strays", guarded(p.noteStray)),
		on.Row().Before("gorm:row").Register("timak:strays", guarded(p.noteStray)),
		on.Query().Before("gorm:query").Register("timak:strays", guarded(p.noteStray)),
		on.Raw().Before("gorm:raw").Register("timak:begin_ddl", guarded(p.beginDDL)),
		on.Raw().After("gorm:raw").Register("timak:end_ddl", guarded(p.endDDL)),
		on.Row().Before("gorm:row").Register("timak:begin_ddl", guarded(p.beginDDL)),
		on.Row().After("gorm:row").Register("timak:end_ddl", guarded(p.endDDL)),
		on.Query().Before("gorm:query").Register("timak:begin_ddl", guarded(p.beginDDL)),
		on.Query().After("gorm:query").Register("timak:end_ddl", guarded(p.endDDL)),
	)
}

// ddlSetting is where a statement keeps what ends its change of the schema.
const ddlSetting = "timak:ddl"

// beginDDL notes a change of the schema before it comes: in its transaction, or
// for as long as the statement runs. The commit of a transaction that is not ours
// to see stays unseen.
func (p *Plugin) beginDDL(db *gorm.DB) error {
	if db.DryRun {
		return nil
	}
	if text, may := textWith(db, defining); !may || !changesSchema(text) {
		return nil
	}
	if tx := transactionOf(db.Statement.ConnPool); tx != nil {
		tx.changesSchema = true
		return nil
	}
	db.InstanceSet(ddlSetting, p.schema.change())
	return nil
}

func (p *Plugin) endDDL(db *gorm.DB) error {
	if p.schema.changes.Load() == 0 { // nor is this one
		return nil
	}
	value, _ := db.InstanceGet(ddlSetting)
	if end, ok := value.(func()); ok && end != nil {
		db.InstanceSet(ddlSetting, (func())(nil))
		end()
	}
	return nil
}

// changesSchema reports whether a SQL text holds DDL. In a block of code that
// runs texts it may be in any of them.
func changesSchema(text sqlText) bool {
	return hasWord(text.words, ddlVerbs...) || hasWord(text.words, "do", "execute") && hasWord(plainWords(text.sql), ddlVerbs...)
}

var ddlVerbs = []string{"create", "alter", "drop"}
