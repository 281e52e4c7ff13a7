package hooks

import (
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// recordDespite records what a statement has changed although it has an error:
// one that GORM met in what the statement returned, perhaps, after it had run.
// Where it has not run, or was undone, there is nothing to record. The error is
// the user's to heed, but need not end their transaction, unless it hides the keys
// of rows that were made.
func (c *capture) recordDespite(db *gorm.DB) {
	unread := c.target == nil || len(c.changes.Rows) == 0 && c.spill == nil && !c.unknown
	if c.own || unread && c.reach == nil {
		return
	}
	ctx := db.Statement.Context
	err := statement.Safely(func(db *gorm.DB) error {
		if c.reach != nil {
			if err := c.reach.record(ctx); err != nil || unread {
				return err
			}
		}
		if err := c.touchDespite(db); err != nil {
			return err
		}
		recorded, err := c.record(ctx)
		if recorded > 0 {
			c.hooks.sessions.MarkDirty(c.ConnPool)
		}
		return err
	}, db)
	var aborted interface{ SQLState() string }
	if err == nil || errors.As(err, &aborted) && aborted.SQLState() == abortedTransaction {
		return // Postgres commits no transaction that one of its statements has broken
	}
	c.hooks.sessions.Spoil(ctx, c.ConnPool, err)
}

// touchDespite adds the rows of a statement that has run, though GORM has not
// read all that it returned: those that were given their keys are known.
func (c *capture) touchDespite(db *gorm.DB) error {
	switch {
	case !c.unknown:
		return nil
	case !c.returning && c.givenKeys():
		return c.afterInsert()
	default:
		return db.Error
	}
}

// abortedTransaction is Postgres' code for any statement after one that failed.
const abortedTransaction = "25P02"
