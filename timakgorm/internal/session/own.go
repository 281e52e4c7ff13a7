package session

import (
	"database/sql"
	"errors"

	"gorm.io/gorm"
)

// GORM calls the user's code in the middle of a statement, for example when a
// serializer reads a column that the database has filled, and that code may
// panic. The callbacks after the statement are then not called, and a transaction
// that timak opened would stay open and keep its connection and its locks.

// chain is the callbacks of one kind of statement.
type chain interface {
	Get(name string) func(*gorm.DB)
	Replace(name string, fn func(*gorm.DB)) error
}

// GuardWrites makes GORM's own callbacks that write rows of a model roll back
// timak's transaction if they panic. It ignores callbacks that another plugin has
// removed: package hooks refuses those.
func GuardWrites(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(endAbandoned(on.Create(), "gorm:create"), endAbandoned(on.Update(), "gorm:update"), endAbandoned(on.Delete(), "gorm:delete"))
}

// GuardSQL does the same for callbacks that run the user's own SQL.
func GuardSQL(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(endAbandoned(on.Raw(), "gorm:raw"), endAbandoned(on.Query(), "gorm:query"))
}

func endAbandoned(on chain, name string) error {
	statement := on.Get(name)
	if statement == nil {
		return nil
	}
	return on.Replace(name, endingOurs(statement))
}

// endingOurs returns statement such that a panic rolls back timak's transaction
// and is passed on.
func endingOurs(statement func(*gorm.DB)) func(*gorm.DB) {
	return func(db *gorm.DB) {
		returned := false
		defer func() {
			if !returned {
				abandon(db)
			}
		}()
		statement(db)
		returned = true
	}
}

// abandon rolls back the transaction that timak opened for a statement. It
// ignores the error of the rollback, because the panic says more.
func abandon(db *gorm.DB) {
	value, _ := db.InstanceGet(statementTxSetting)
	if own, _ := value.(*statementTx); own != nil {
		db.Statement.ConnPool = own.outer
		_ = own.tx.Rollback()
	}
}

// interposed is a connection that has replaced another for one statement.
type interposed interface {
	gorm.ConnPool

	Within() gorm.ConnPool
}

// CommitsItself reports whether a pool runs each statement in a transaction of
// its own.
func CommitsItself(pool gorm.ConnPool) bool {
	switch wrapper := pool.(type) {
	case *sql.DB, *commitPool:
		return true
	case *gorm.PreparedStmtDB:
		return CommitsItself(wrapper.ConnPool)
	case interposed:
		return CommitsItself(wrapper.Within())
	default:
		return false
	}
}

// TransactionOf returns the Transaction that a pool is or wraps, or nil if there
// is none.
func TransactionOf(pool gorm.ConnPool) *Transaction {
	for {
		switch wrapper := pool.(type) {
		case *gorm.PreparedStmtTX: // may be nested
			pool = wrapper.Tx
		case interposed:
			pool = wrapper.Within()
		case *Transaction:
			return wrapper
		default:
			return nil
		}
	}
}
