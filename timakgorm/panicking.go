package timakgorm

import (
	"errors"

	"gorm.io/gorm"
)

// Values of the user's are called in the midst of GORM's statements, as when a
// column that the database has filled is scanned, and may panic. The callbacks
// that come after a statement are not called then; a transaction that is ours
// would stay open, and keep its connection and its locks.

// guardStatements wraps GORM's own statements. Those whom another plugin has taken
// away are for checkOrder to refuse.
func (p *Plugin) guardStatements(db *gorm.DB) error {
	type chain interface {
		Get(name string) func(*gorm.DB)
		Replace(name string, fn func(*gorm.DB)) error
	}
	var errs []error
	for name, on := range map[string]chain{
		"gorm:create": db.Callback().Create(),
		"gorm:update": db.Callback().Update(),
		"gorm:delete": db.Callback().Delete(),
	} {
		if statement := on.Get(name); statement != nil {
			errs = append(errs, on.Replace(name, endingOurs(statement)))
		}
	}
	return errors.Join(errs...)
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

// abandon rolls back the transaction that a statement's capture has opened.
func abandon(db *gorm.DB) {
	value, _ := db.InstanceGet(captureSetting)
	c, _ := value.(*capture)
	if c == nil || c.outer == nil {
		return
	}
	db.Statement.ConnPool = c.outer
	_ = c.Rollback() // the panic says more
}
