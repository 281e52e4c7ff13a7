package session

import (
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// RegisterDDL registers callbacks that notice DDL, in every way that GORM runs
// it, and statements that make sessions find other tables. SQLite's migrator
// makes some changes by replacing a table, and the triggers are gone with the old
// one.
func (s *Sessions) RegisterDDL(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Raw().Before("gorm:raw").Register("timak:strays", statement.Guarded(s.noteStray)),
		on.Row().Before("gorm:row").Register("timak:strays", statement.Guarded(s.noteStray)),
		on.Query().Before("gorm:query").Register("timak:strays", statement.Guarded(s.noteStray)),
		on.Raw().Before("gorm:raw").Register("timak:begin_ddl", statement.Guarded(s.beginDDL)),
		on.Raw().After("gorm:raw").Register("timak:end_ddl", statement.Guarded(s.endDDL)),
		on.Row().Before("gorm:row").Register("timak:begin_ddl", statement.Guarded(s.beginDDL)),
		on.Row().After("gorm:row").Register("timak:end_ddl", statement.Guarded(s.endDDL)),
		on.Query().Before("gorm:query").Register("timak:begin_ddl", statement.Guarded(s.beginDDL)),
		on.Query().After("gorm:query").Register("timak:end_ddl", statement.Guarded(s.endDDL)),
	)
}

// ddlSetting is where a statement keeps the function that ends its change of the
// schema.
const ddlSetting = "timak:ddl"

// beginDDL notes a change of the schema before it happens: in its Transaction, or
// for as long as the statement runs. The commit of any other transaction goes
// unnoticed.
func (s *Sessions) beginDDL(db *gorm.DB) error {
	if db.DryRun {
		return nil
	}
	if text, may := statement.TextWith(db, sqltext.Defining); !may || !sqltext.ChangesSchema(text) {
		return nil
	}
	if tx := TransactionOf(db.Statement.ConnPool); tx != nil {
		tx.ChangesSchema = true
		return nil
	}
	db.InstanceSet(ddlSetting, s.Schema.Change())
	return nil
}

func (s *Sessions) endDDL(db *gorm.DB) error {
	if s.Schema.changes.Load() == 0 { // so it is no change either
		return nil
	}
	value, _ := db.InstanceGet(ddlSetting)
	if end, ok := value.(func()); ok && end != nil {
		db.InstanceSet(ddlSetting, (func())(nil))
		end()
	}
	return nil
}
