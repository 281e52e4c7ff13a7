package timakgorm

import (
	"errors"

	"gorm.io/gorm"
)

// With Triggers, a statement outside of any transaction is committed by the
// database itself, and nobody could tell which changes were its own. So, where a
// commit is to deliver them, such a statement gets a transaction.

// registerTransactions has these transactions begun and ended. The row chain has
// none: whoever reads its rows does so after the last callback.
func (p *Plugin) registerTransactions(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().Before("timak:check_create").Register("timak:begin_create", guarded(p.beginWrite(create))),
		on.Create().After("timak:after_create").Before("gorm:save_after_associations").Register("timak:end_create", guarded(endStatement)),
		on.Update().Before("timak:check_update").Register("timak:begin_update", guarded(p.beginWrite(update))),
		on.Update().After("timak:after_update").Before("gorm:save_after_associations").Register("timak:end_update", guarded(endStatement)),
		on.Delete().Before("timak:check_delete").Register("timak:begin_delete", guarded(p.beginWrite(remove))),
		on.Delete().After("timak:after_delete").Before("gorm:after_delete").Register("timak:end_delete", guarded(endStatement)),
		on.Raw().Before("timak:begin_ddl").Register("timak:begin_raw", guarded(p.beginRaw)),
		on.Raw().After("timak:after_raw").Register("timak:end_raw", guarded(endStatement)),
		on.Query().Before("timak:begin_ddl").Register("timak:begin_query", guarded(p.beginRaw)),
		on.Query().After("timak:after_query").Register("timak:end_query", guarded(endStatement)),
	)
}

// statementTx is the transaction of a statement, and the connection in whose
// place it is.
type statementTx struct {
	tx    gorm.TxCommitter
	outer gorm.ConnPool
}

// statementTxSetting is where a statement keeps its own.
const statementTxSetting = "timak:transaction"

func (p *Plugin) beginWrite(v verb) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		if st := db.Statement; st.SQL.Len() > 0 || v != remove && !p.mayWrite(st, v) {
			return p.beginRaw(db)
		}
		return beginStatement(db)
	}
}

// beginRaw is for SQL of the user's own; one that ends transactions itself gets
// none.
func (p *Plugin) beginRaw(db *gorm.DB) error {
	sql := db.Statement.SQL.String()
	if sql == "" || !p.mayRecord(sql) || hasWord(sqlWords(sql), "commit", "rollback") {
		return nil
	}
	return beginStatement(db)
}

func beginStatement(db *gorm.DB) error {
	outer := db.Statement.ConnPool
	if _, inside := outer.(gorm.TxCommitter); inside || db.Error != nil || db.DryRun {
		return nil
	}
	begun := db.Begin()
	if begun.Error != nil {
		return begun.Error
	}
	db.Statement.ConnPool = begun.Statement.ConnPool
	tx, _ := begun.Statement.ConnPool.(gorm.TxCommitter)
	db.InstanceSet(statementTxSetting, &statementTx{tx, outer})
	return nil
}

func endStatement(db *gorm.DB) error {
	value, _ := db.InstanceGet(statementTxSetting)
	own, ok := value.(*statementTx)
	if !ok || own == nil {
		return nil
	}
	db.InstanceSet(statementTxSetting, (*statementTx)(nil))
	db.Statement.ConnPool = own.outer
	if db.Error != nil {
		return own.tx.Rollback()
	}
	return own.tx.Commit()
}
