package session

import (
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// statementTx is the transaction of a statement, and the connection that it has
// replaced.
type statementTx struct {
	tx    gorm.TxCommitter
	outer gorm.ConnPool
}

// statementTxSetting is where a statement keeps its statementTx.
const statementTxSetting = "timak:transaction"

// BeginStatement opens a transaction for a statement that runs in none.
func BeginStatement(db *gorm.DB) error {
	outer := db.Statement.ConnPool
	if statement.InTransaction(db) || db.Error != nil || db.DryRun {
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

// EndStatement commits the transaction that BeginStatement has opened, if any, or
// rolls it back if the statement has an error.
func EndStatement(db *gorm.DB) error {
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
