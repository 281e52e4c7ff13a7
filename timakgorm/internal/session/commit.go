package session

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/fault"
)

// GORM has no callback after the commit of a transaction that the user opened. So
// the connection pool hands out transactions that act at their commit: they wake
// the relay or deliver what they changed, and they refuse to commit a row without
// its change. If another plugin has replaced the pool with its own, and in
// db.Connection, there is no such transaction: the relay then finds the changes
// by polling.

// commitPool is a *sql.DB whose transactions are of type Transaction.
type commitPool struct {
	*sql.DB

	sessions *Sessions
}

// BeginTx implements gorm.ConnPoolBeginner.
func (p *commitPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	s := p.sessions
	after, schema := s.drawn.Load(), s.Schema.Now()
	tx, err := p.DB.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	t := &Transaction{Tx: tx, ctx: ctx, pool: p, after: after, Schema: schema}
	t.OldSnapshot = opts != nil && opts.Isolation >= sql.LevelRepeatableRead
	if s.recordsUnseen() && s.tables.Dialect.Name == dialect.SQLite.Name {
		t.changed, _ = t.totalChanges()
	}
	return t, nil
}

// GetDBConn implements gorm.GetDBConnector.
func (p *commitPool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

// Transaction is a transaction that delivers its changes when it has committed.
// Like any transaction it must be used by one goroutine at a time.
type Transaction struct {
	*sql.Tx

	ctx   context.Context // of BeginTx; bounds the delivery too
	pool  *commitPool
	after int64 // every change that it records has a greater id
	dirty bool  // it has, or may have, recorded changes

	changed       int64  // SQLite: how many rows its connection had changed before
	Schema        uint64 // the version of the schema when it began
	ChangesSchema bool   // it has, or may have, run DDL
	strays        bool   // it may find other tables than the pool's connections do
	OldSnapshot   bool   // it keeps the snapshot with which it began

	// spoilt is why the transaction must not be committed: the change of one of
	// its statements could not be recorded. nil if it may be committed.
	spoilt     error
	savepoints []savepoint
}

// Commit implements gorm.TxCommitter.
func (t *Transaction) Commit() error {
	if t.spoilt != nil {
		err := fault.Named("commit: rolled back, because a change in the transaction could not be recorded", t.spoilt)
		return errors.Join(err, t.Rollback())
	}
	s := t.pool.sessions
	if s.opts.Deliver == nil {
		err := t.commit()
		if err == nil && t.dirty {
			s.opts.Wake()
		}
		return err
	}
	if !t.dirty && !t.hasWritten() {
		return t.commit()
	}
	ids, drawn, err := t.recorded()
	if err != nil {
		return errors.Join(fault.Named("commit", err), t.Rollback())
	}
	if err := t.commit(); err != nil {
		return err
	}
	if t.dirty || len(ids) > 0 {
		s.drawn.Store(drawn)
	}
	s.opts.Deliver(t.ctx, ids)
	return nil
}

// commit commits. If the transaction has changed the schema, what is known of it
// is no longer used. After a rollback there is nothing to forget, because nothing
// that the transaction saw was remembered.
func (t *Transaction) commit() error {
	if t.ChangesSchema {
		defer t.pool.sessions.Schema.Change()()
	}
	return t.Tx.Commit()
}

// recorded returns the ids of the changes that the transaction has recorded, and, if it is
// dirty or has any, one that all ids of transactions which begin later exceed, or 0. It
// must be called before the commit. On SQLite, whose transactions run one after
// another, it may also return changes that others have committed since.
func (t *Transaction) recorded() (ids []int64, drawn int64, err error) {
	if ids, err = t.recordedAfter(t.after); err != nil {
		return nil, 0, err
	}
	if d := t.pool.sessions.tables.Dialect; len(ids) == 0 && d.Lock && t.dirty {
		own := t.pool.sessions.ownName("")
		if err := t.QueryRowContext(t.ctx, d.Drawn(own, "SELECT coalesce(max(id), 0) FROM "+own+"timak_outbox")).Scan(&drawn); err != nil {
			return nil, 0, err
		}
		if drawn < t.after { // the outbox was recreated
			ids, err = t.recordedAfter(0)
		}
	}
	if len(ids) > 0 { // SQLite's outbox may have been recreated if there is none
		drawn = ids[len(ids)-1]
	}
	return ids, drawn, err
}

// recordedAfter returns those of its ids that are greater than one.
func (t *Transaction) recordedAfter(after int64) (ids []int64, err error) {
	d := t.pool.sessions.tables.Dialect
	query := "SELECT id FROM " + t.pool.sessions.ownName("timak_outbox") + " WHERE id > ?"
	if d.Lock {
		query += " AND xid = pg_current_xact_id_if_assigned()"
	}
	query += " ORDER BY id"
	err = dialect.EachRow(t.ctx, t, d.Bind(query), []any{after}, func(found *sql.Rows) error {
		var id int64
		err := found.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// GetDBConn implements gorm.GetDBConnector.
func (t *Transaction) GetDBConn() (*sql.DB, error) { return t.pool.DB, nil }

// HookCommit replaces db's pool with a commitPool, below the pool of prepared
// statements. It is an error inside a transaction.
func (s *Sessions) HookCommit(db *gorm.DB) error {
	hook := func(pool gorm.ConnPool) gorm.ConnPool {
		if plain, ok := pool.(*sql.DB); ok {
			return &commitPool{DB: plain, sessions: s}
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

// MarkDirty notes that the transaction of a pool has written to the outbox. If it
// is not a Transaction, its commit wakes nobody.
func (s *Sessions) MarkDirty(pool gorm.ConnPool) {
	if tx := TransactionOf(pool); tx != nil {
		tx.dirty = true
	}
}
