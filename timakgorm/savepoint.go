package timakgorm

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// A user may ignore the error of a statement and commit all the same. If the
// statement had run, and only its change could not be recorded, its row would be
// committed without its timelines. So the transaction is spoilt then: its commit
// fails, unless it goes back to a savepoint from before the statement.

// savepoint is one that is open in a transaction.
type savepoint struct {
	name   string
	spoilt error // what had spoilt the transaction before it
}

// spoil keeps a transaction from being committed. One that is not ours is
// aborted by the database, where that does so after a failed statement; SQLite
// does not, and users must heed the error.
func (p *Plugin) spoil(ctx context.Context, pool gorm.ConnPool, cause error) {
	if tx := transactionOf(pool); tx != nil {
		if tx.spoilt == nil {
			tx.spoilt = cause
		}
		return
	}
	if _, inside := pool.(gorm.TxCommitter); inside && p.dialect.lock {
		_, _ = pool.ExecContext(ctx, "DO $$ BEGIN RAISE EXCEPTION 'timakgorm: a change could not be recorded'; END $$")
	}
}

// recordDespite records what a statement has changed although it has an error:
// one that GORM met in what the statement returned, perhaps, after it had run.
// Where it has not run, or was undone, there is nothing to record. The error is
// the user's to heed, but need not end their transaction, unless it hides the keys
// of rows that were made.
func (c *capture) recordDespite(db *gorm.DB) {
	unread := c.target == nil || len(c.changes.rows) == 0 && c.spill == nil && !c.unknown
	if c.outer != nil || unread && c.reach == nil {
		return
	}
	ctx := db.Statement.Context
	err := safely(func(db *gorm.DB) error {
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
			c.plugin.markDirty(c.ConnPool)
		}
		return err
	}, db)
	var aborted interface{ SQLState() string }
	if err == nil || errors.As(err, &aborted) && aborted.SQLState() == abortedTransaction {
		return // Postgres commits no transaction that one of its statements has broken
	}
	c.plugin.spoil(ctx, c.ConnPool, err)
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

// watchSavepoints follows the savepoints of a transaction, which reach the
// database as raw SQL, those of GORM's nested transactions too.
func (p *Plugin) watchSavepoints(db *gorm.DB) error {
	if db.Error != nil || db.DryRun {
		return nil
	}
	text, may := textWith(db, savepoints)
	if !may {
		return nil
	}
	tx := transactionOf(db.Statement.ConnPool)
	if tx == nil {
		return nil
	}
	words := text.words
	for len(words) > 0 {
		end := slices.Index(words, ";")
		if end < 0 {
			end = len(words)
		}
		tx.follow(words[:end])
		words = words[min(end+1, len(words)):]
	}
	return nil
}

// follow does with our list of savepoints what a statement has done.
func (t *commitTx) follow(statement []string) {
	var plain []string
	for _, word := range statement { // ROLLBACK TRANSACTION TO SAVEPOINT x
		switch lower := strings.ToLower(word); lower {
		case "work", "transaction":
		case "savepoint", "rollback", "release", "to":
			plain = append(plain, lower)
		default:
			plain = append(plain, strings.Trim(word, "\"`[]"))
		}
	}
	verb, name := strings.Join(plain[:max(len(plain)-1, 0)], " "), ""
	if len(plain) > 0 {
		name = plain[len(plain)-1]
	}
	switch verb {
	case "savepoint":
		t.savepoints = append(t.savepoints, savepoint{name, t.spoilt})
	case "rollback to", "rollback to savepoint":
		if i := t.savepoint(name); i >= 0 {
			t.spoilt, t.savepoints = t.savepoints[i].spoilt, t.savepoints[:i+1]
		}
	case "release", "release savepoint":
		if i := t.savepoint(name); i >= 0 {
			t.savepoints = t.savepoints[:i]
		}
	}
}

// savepoint returns the place of the last one with this name, -1 if there is
// none. Names that differ only in case are taken for one: the later of two is
// never the cleaner.
func (t *commitTx) savepoint(name string) int {
	for i, s := range slices.Backward(t.savepoints) {
		if sameName(s.name, name) {
			return i
		}
	}
	return -1
}
