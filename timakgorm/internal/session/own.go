package session

import (
	"database/sql"
	"errors"

	"gorm.io/gorm"
)

// Code of the user's is called in the midst of GORM's statements, as when a
// serializer reads a column that the database has filled, and may panic. The
// callbacks that come after a statement are not called then; a transaction that is
// ours would stay open, and keep its connection and its locks.

// chain is the callbacks of one kind of statement.
type chain interface {
	Get(name string) func(*gorm.DB)
	Replace(name string, fn func(*gorm.DB)) error
}

// GuardWrites has GORM's own statements that write rows of a model roll our
// transaction back if they panic. What another plugin has taken away is for the hooks
// to refuse.
func GuardWrites(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(endAbandoned(on.Create(), "gorm:create"), endAbandoned(on.Update(), "gorm:update"), endAbandoned(on.Delete(), "gorm:delete"))
}

// GuardSQL does the same for statements that run the user's own SQL.
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

// endingOurs rolls our transaction back if a statement panics, and passes the
// panic on.
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

// abandon rolls back the transaction of ours that a statement is in. The panic
// says more than an error of that.
func abandon(db *gorm.DB) {
	value, _ := db.InstanceGet(statementTxSetting)
	if own, _ := value.(*statementTx); own != nil {
		db.Statement.ConnPool = own.outer
		_ = own.tx.Rollback()
	}
}

// interposed is a connection that has taken the place of another for a statement.
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

// TransactionOf returns the commitTx that a pool is, nil if it is none.
func TransactionOf(pool gorm.ConnPool) *Transaction {
	for {
		switch wrapper := pool.(type) {
		case *gorm.PreparedStmtTX: // may be one in another
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
