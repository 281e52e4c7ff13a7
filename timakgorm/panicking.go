package timakgorm

import (
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

// guardWrites wraps GORM's own statements that write rows of a model, and
// guardSQL those that run what the user has written. What another plugin has taken
// away is for checkOrder to refuse.
func guardWrites(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(guard(on.Create(), "gorm:create"), guard(on.Update(), "gorm:update"), guard(on.Delete(), "gorm:delete"))
}

func guardSQL(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(guard(on.Raw(), "gorm:raw"), guard(on.Query(), "gorm:query"))
}

func guard(on chain, name string) error {
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

// abandon rolls back the transactions of ours that a statement is in. The panic
// says more than an error of that.
func abandon(db *gorm.DB) {
	value, _ := db.InstanceGet(captureSetting)
	if c, _ := value.(*capture); c != nil && c.outer != nil {
		db.Statement.ConnPool = c.outer
		_ = c.Rollback()
	}
	value, _ = db.InstanceGet(statementTxSetting)
	if own, _ := value.(*statementTx); own != nil {
		db.Statement.ConnPool = own.outer
		_ = own.tx.Rollback()
	}
}
