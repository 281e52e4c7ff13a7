package statement

import (
	"fmt"
	"runtime/debug"

	"gorm.io/gorm"
)

// Guarded returns fn as a callback that turns an error or a panic of fn into the
// statement's error. A panic in a callback would leave GORM's transaction open.
func Guarded(fn func(*gorm.DB) error) func(*gorm.DB) {
	return func(db *gorm.DB) {
		if err := Safely(fn, db); err != nil {
			_ = db.AddError(err)
		}
	}
}

// Safely calls fn and turns a panic into an error.
func Safely(fn func(*gorm.DB) error, db *gorm.DB) (err error) {
	defer Recovered(&err)
	return fn(db)
}

// Recovered turns a panic into an error; defer it.
func Recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("timakgorm: panic: %v\n%s", r, debug.Stack())
	}
}
