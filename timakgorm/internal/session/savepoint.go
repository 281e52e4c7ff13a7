package session

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// A user may ignore the error of a statement and commit anyway. If the statement
// has run, and only its change could not be recorded, its row would be committed
// without its timelines. So such an error spoils the transaction: its commit
// fails, unless it goes back to a savepoint from before the statement.

// savepoint is an open savepoint of a transaction.
type savepoint struct {
	name   string
	spoilt error // why the transaction was spoilt when the savepoint was set; nil if it was not
}

// Spoil keeps the transaction of a pool from being committed. If it is not a
// Transaction, Spoil makes Postgres abort it, by a statement that fails. SQLite
// does not abort a transaction after a failed statement: there, users must check
// the error.
func (s *Sessions) Spoil(ctx context.Context, pool gorm.ConnPool, cause error) {
	if tx := TransactionOf(pool); tx != nil {
		if tx.spoilt == nil {
			tx.spoilt = cause
		}
		return
	}
	if _, inside := pool.(gorm.TxCommitter); inside && s.tables.Dialect.Lock {
		_, _ = pool.ExecContext(ctx, "DO $$ BEGIN RAISE EXCEPTION 'timakgorm: a change could not be recorded'; END $$")
	}
}

// WatchSavepoints follows the savepoints of a transaction. They reach the
// database as raw SQL, also those of GORM's nested transactions.
func (s *Sessions) WatchSavepoints(db *gorm.DB) error {
	if db.Error != nil || db.DryRun {
		return nil
	}
	text, may := statement.TextWith(db, sqltext.Savepoints)
	if !may {
		return nil
	}
	tx := TransactionOf(db.Statement.ConnPool)
	if tx == nil {
		return nil
	}
	words := text.Words
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

// follow updates the list of savepoints after a statement, given as words.
func (t *Transaction) follow(words []string) {
	move, name := sqltext.SavepointIn(words)
	if move == sqltext.SetsSavepoint {
		t.savepoints = append(t.savepoints, savepoint{name, t.spoilt})
		return
	}
	i := t.savepoint(name)
	switch {
	case i < 0:
	case move == sqltext.RollsBack:
		t.spoilt, t.savepoints = t.savepoints[i].spoilt, t.savepoints[:i+1]
	case move == sqltext.Releases:
		t.savepoints = t.savepoints[:i]
	}
}

// savepoint returns the index of the last savepoint with this name, or -1. Names
// that differ only in case count as one: the later of two is never the less
// spoilt.
func (t *Transaction) savepoint(name string) int {
	for i, s := range slices.Backward(t.savepoints) {
		if sqltext.SameName(s.name, name) {
			return i
		}
	}
	return -1
}
