package world

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ErrRollback is a user's reason to roll back.
var ErrRollback = errors.New("roll back")

// First returns the first error.
func First(errs ...error) error { return cmp.Or(errs...) }

// Panics calls do and returns an error if it does not panic.
func Panics(do func() error) (err error) {
	defer func() {
		if recover() == nil {
			err = fmt.Errorf("no panic, but %w", err)
		} else {
			err = nil
		}
	}()
	return do()
}

// Executed returns an operation that executes a statement through GORM.
func Executed(statement string) func(db *gorm.DB) error {
	return func(db *gorm.DB) error { return db.Exec(statement).Error }
}

// Outside runs SQL as a program does that knows nothing of GORM.
func Outside(sql string) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		pool, err := db.DB()
		if err != nil {
			return err
		}
		_, err = pool.ExecContext(context.Background(), sql)
		return err
	}
}

// Operation is one way to write rows. Its check is the comparison of all tables
// with all timelines.
type Operation struct {
	Name string
	Run  func(db *gorm.DB) error
}

// FirstError returns an error, or, without one, that of next.
func FirstError(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

// OnConflict names the columns of a conflict.
func OnConflict(columns ...string) clause.OnConflict {
	var c clause.OnConflict
	for _, name := range columns {
		c.Columns = append(c.Columns, clause.Column{Name: name})
	}
	return c
}

// Setting makes an upsert set columns to the values that were to be inserted.
func Setting(c clause.OnConflict, columns ...string) clause.OnConflict {
	c.DoUpdates = clause.AssignmentColumns(columns)
	return c
}
