package session

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
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

// Spoil keeps a transaction from being committed. One that is not ours is
// aborted by the database, where that does so after a failed statement; SQLite
// does not, and users must heed the error.
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

// WatchSavepoints follows the savepoints of a transaction, which reach the
// database as raw SQL, those of GORM's nested transactions too.
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

// follow does with our list of savepoints what a statement has done.
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

// savepoint returns the place of the last one with this name, -1 if there is
// none. Names that differ only in case are taken for one: the later of two is
// never the cleaner.
func (t *Transaction) savepoint(name string) int {
	for i, s := range slices.Backward(t.savepoints) {
		if sqltext.SameName(s.name, name) {
			return i
		}
	}
	return -1
}
