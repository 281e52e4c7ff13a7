package world

import "gorm.io/gorm"

// Mode is a way to run an operation.
type Mode struct {
	Name   string
	Config gorm.Config
	Run    func(db *gorm.DB, op func(*gorm.DB) error) error
}

// Plainly runs an operation as it is.
func Plainly(db *gorm.DB, op func(*gorm.DB) error) error { return op(db) }

// InTransaction runs an operation in a transaction.
func InTransaction(db *gorm.DB, op func(*gorm.DB) error) error { return db.Transaction(op) }

func nested(db *gorm.DB, op func(*gorm.DB) error) error {
	return db.Transaction(func(tx *gorm.DB) error { return tx.Transaction(op) })
}

// Modes are all ways to run an operation, the default first.
var Modes = []Mode{
	{"default", gorm.Config{}, Plainly},
	{"explicit", gorm.Config{}, InTransaction},
	{"nested", gorm.Config{}, nested},
	{"prepared", gorm.Config{PrepareStmt: true}, Plainly},
	{"prepared explicit", gorm.Config{PrepareStmt: true}, InTransaction},
	{"no default transaction", gorm.Config{SkipDefaultTransaction: true}, Plainly},
}
