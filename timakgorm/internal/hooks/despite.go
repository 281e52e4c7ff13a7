package hooks

import (
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// recordDespite records what a statement has changed although it returned an error:
// GORM may have failed to read what the statement returned, after it had run. If it
// has not run, or was undone, there is nothing to record. The user's transaction may
// go on after the error, unless the error hides the keys of inserted rows.
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
		return // Postgres does not commit a transaction after an error in it
	}
	c.hooks.sessions.Spoil(ctx, c.ConnPool, err)
}

// touchDespite adds the rows of a statement that has run although GORM has not read
// all that it returned. It knows them if the statement gave every row its key, and
// else returns the statement's error.
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

// abortedTransaction is the SQLSTATE of Postgres for any statement in a transaction
// after one that failed.
const abortedTransaction = "25P02"
