package timakgorm

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"
)

// GORM has no callback after the commit of a transaction that the user opened.
// So the connection pool hands out transactions that tell the plugin of their
// commit. Nothing but the wake-up of the relay depends on it: where another
// plugin has put a pool of its own in the way, the relay finds the changes by
// polling.

// commitPool is a *sql.DB whose transactions are commitTx.
type commitPool struct {
	*sql.DB

	plugin *Plugin
}

// BeginTx implements gorm.ConnPoolBeginner.
func (p *commitPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := p.DB.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &commitTx{Tx: tx, pool: p}, nil
}

// GetDBConn implements gorm.GetDBConnector.
func (p *commitPool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

// commitTx is a transaction that wakes the relay when it has committed changes.
// Like any transaction it belongs to one goroutine at a time.
type commitTx struct {
	*sql.Tx

	pool  *commitPool
	dirty bool
}

// Commit implements gorm.TxCommitter.
func (t *commitTx) Commit() error {
	err := t.Tx.Commit()
	if err == nil && t.dirty {
		t.pool.plugin.wake()
	}
	return err
}

// GetDBConn implements gorm.GetDBConnector.
func (t *commitTx) GetDBConn() (*sql.DB, error) { return t.pool.DB, nil }

// hookCommit puts a commitPool in the place of db's pool, below that of
// prepared statements.
func (p *Plugin) hookCommit(db *gorm.DB) error {
	hook := func(pool gorm.ConnPool) gorm.ConnPool {
		if plain, ok := pool.(*sql.DB); ok {
			return &commitPool{DB: plain, plugin: p}
		}
		return pool
	}
	if prepared, ok := db.ConnPool.(*gorm.PreparedStmtDB); ok {
		prepared.ConnPool = hook(prepared.ConnPool)
		return nil
	}
	if _, ok := db.ConnPool.(gorm.TxCommitter); ok {
		return errors.New("timakgorm: db.Use inside of a transaction: call it on the db that gorm.Open returned")
	}
	db.ConnPool = hook(db.ConnPool)
	db.Statement.ConnPool = db.ConnPool
	return nil
}

// markDirty notes that the transaction has written to the outbox. The commit of
// one that is not ours to see wakes nobody.
func (p *Plugin) markDirty(pool gorm.ConnPool) {
	for {
		prepared, ok := pool.(*gorm.PreparedStmtTX) // may be one in another
		if !ok {
			break
		}
		pool = prepared.Tx
	}
	if tx, ok := pool.(*commitTx); ok {
		tx.dirty = true
	}
}

// wake makes the relay look at the outbox; it never waits.
func (p *Plugin) wake() {
	select {
	case p.wakeUp <- struct{}{}:
	default:
	}
}
