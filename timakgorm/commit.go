package timakgorm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// GORM has no callback after the commit of a transaction that the user opened.
// So the connection pool hands out transactions that tell the plugin of their
// commit: to wake the relay or to deliver what they changed, and to refuse the
// commit of a row without its change. Where another plugin has put a pool of its
// own in the way, and in db.Connection, there is no such transaction: the relay
// finds the changes by polling.

// commitPool is a *sql.DB whose transactions are commitTx.
type commitPool struct {
	*sql.DB

	plugin *Plugin
}

// BeginTx implements gorm.ConnPoolBeginner.
func (p *commitPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	after, schema := p.plugin.drawn.Load(), p.plugin.schema.number.Load()
	tx, err := p.DB.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	t := &commitTx{Tx: tx, ctx: ctx, pool: p, after: after, schema: schema}
	if p.plugin.recordsUnseen() && p.plugin.dialect.name == sqlite.name {
		t.changed, _ = t.totalChanges()
	}
	return t, nil
}

// GetDBConn implements gorm.GetDBConnector.
func (p *commitPool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

// commitTx is a transaction that hands over its changes when it has committed
// them. Like any transaction it belongs to one goroutine at a time.
type commitTx struct {
	*sql.Tx

	ctx   context.Context // of its beginning; bounds the delivery too
	pool  *commitPool
	after int64 // every change it records has a greater id
	dirty bool  // it has recorded changes, or may have

	changed       int64  // how many rows its connection had changed before, on SQLite
	schema        uint64 // the version of the schema when it began
	changesSchema bool   // it has run DDL, or may have
	strays        bool   // it may find other tables than those of the pool's connections

	// spoilt is why the transaction must not be committed: a statement in it has
	// run whose change could not be recorded.
	spoilt     error
	savepoints []savepoint
}

// Commit implements gorm.TxCommitter.
func (t *commitTx) Commit() error {
	if t.spoilt != nil {
		err := fmt.Errorf("timakgorm: commit: rolled back, since a change in the transaction could not be recorded: %w", t.spoilt)
		return errors.Join(err, t.Rollback())
	}
	p := t.pool.plugin
	if p.opts.Deliver != OnCommit {
		err := t.commit()
		if err == nil && t.dirty {
			p.wake()
		}
		return err
	}
	if !t.dirty && !t.hasWritten() {
		return t.commit()
	}
	ids, err := t.recorded()
	if err != nil {
		return errors.Join(fmt.Errorf("timakgorm: commit: %w", err), t.Rollback())
	}
	if err := t.commit(); err != nil {
		return err
	}
	if t.dirty || len(ids) > 0 {
		p.noteDrawn(ids)
	}
	p.deliver(t.ctx, ids)
	return nil
}

// commit commits, and has everybody look at the schema again if the transaction
// has changed it. Nothing was remembered of what it saw, so there is nothing to
// forget after a rollback.
func (t *commitTx) commit() error {
	if t.changesSchema {
		defer t.pool.plugin.schema.change()()
	}
	return t.Tx.Commit()
}

// recorded returns the ids of the changes that the transaction has recorded,
// before it ends. On SQLite, whose transactions come one after another, those
// that others have committed since may be among them.
func (t *commitTx) recorded() (ids []int64, err error) {
	d := t.pool.plugin.dialect
	query := "SELECT id FROM " + t.pool.plugin.ownName("timak_outbox") + " WHERE id > ?"
	if d.lock {
		query += " AND xid = pg_current_xact_id_if_assigned()"
	}
	query += " ORDER BY id"
	found, err := t.QueryContext(t.ctx, d.bind(query), t.after)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var id int64
		if err := found.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, found.Err()
}

// noteDrawn remembers the last of a transaction's ids, which spares those that
// begin after its commit a search through older changes. A transaction that
// found none of its own may have been misled by an outbox made anew.
func (p *Plugin) noteDrawn(ids []int64) {
	if len(ids) == 0 {
		p.drawn.Store(0)
		return
	}
	p.drawn.Store(ids[len(ids)-1])
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

// transactionOf returns the commitTx that a pool is, nil if it is none.
func transactionOf(pool gorm.ConnPool) *commitTx {
	for {
		switch wrapper := pool.(type) {
		case *gorm.PreparedStmtTX: // may be one in another
			pool = wrapper.Tx
		case *capture:
			pool = wrapper.ConnPool
		case *commitTx:
			return wrapper
		default:
			return nil
		}
	}
}

// markDirty notes that the transaction has written to the outbox. The commit of
// one that is not ours to see wakes nobody.
func (p *Plugin) markDirty(pool gorm.ConnPool) {
	if tx := transactionOf(pool); tx != nil {
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
