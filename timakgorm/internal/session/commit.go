package session

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
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
	if s.recordsUnseen() && s.tables.Dialect.Name == dialect.SQLite.Name {
		t.changed, _ = t.totalChanges()
	}
	return t, nil
}

// GetDBConn implements gorm.GetDBConnector.
func (p *commitPool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

// Transaction is a transaction that hands over its changes when it has committed
// them. Like any transaction it belongs to one goroutine at a time.
type Transaction struct {
	*sql.Tx

	ctx   context.Context // of its beginning; bounds the delivery too
	pool  *commitPool
	after int64 // every change it records has a greater id
	dirty bool  // it has recorded changes, or may have

	changed       int64  // how many rows its connection had changed before, on SQLite
	Schema        uint64 // the version of the schema when it began
	ChangesSchema bool   // it has run DDL, or may have
	strays        bool   // it may find other tables than those of the pool's connections

	// spoilt is why the transaction must not be committed: a statement in it has
	// run whose change could not be recorded.
	spoilt     error
	savepoints []savepoint
}

// Commit implements gorm.TxCommitter.
func (t *Transaction) Commit() error {
	if t.spoilt != nil {
		err := named("commit: rolled back, because a change in the transaction could not be recorded", t.spoilt)
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
	ids, err := t.recorded()
	if err != nil {
		return errors.Join(named("commit", err), t.Rollback())
	}
	if err := t.commit(); err != nil {
		return err
	}
	if t.dirty || len(ids) > 0 {
		s.noteDrawn(ids)
	}
	s.opts.Deliver(t.ctx, ids)
	return nil
}

// commit commits, and has everybody look at the schema again if the transaction
// has changed it. Nothing was remembered of what it saw, so there is nothing to
// forget after a rollback.
func (t *Transaction) commit() error {
	if t.ChangesSchema {
		defer t.pool.sessions.Schema.Change()()
	}
	return t.Tx.Commit()
}

// recorded returns the ids of the changes that the transaction has recorded,
// before it ends. On SQLite, whose transactions come one after another, those
// that others have committed since may be among them.
func (t *Transaction) recorded() (ids []int64, err error) {
	d := t.pool.sessions.tables.Dialect
	query := "SELECT id FROM " + t.pool.sessions.ownName("timak_outbox") + " WHERE id > ?"
	if d.Lock {
		query += " AND xid = pg_current_xact_id_if_assigned()"
	}
	query += " ORDER BY id"
	err = dialect.EachRow(t.ctx, t, d.Bind(query), []any{t.after}, func(found *sql.Rows) error {
		var id int64
		err := found.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// noteDrawn remembers the last of a transaction's ids, which spares those that
// begin after its commit a search through older changes. A transaction that
// found none of its own may have been misled by an outbox made anew.
func (s *Sessions) noteDrawn(ids []int64) {
	if len(ids) == 0 {
		s.drawn.Store(0)
		return
	}
	s.drawn.Store(ids[len(ids)-1])
}

// GetDBConn implements gorm.GetDBConnector.
func (t *Transaction) GetDBConn() (*sql.DB, error) { return t.pool.DB, nil }

// HookCommit puts a commitPool in the place of db's pool, below that of
// prepared statements.
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

// MarkDirty notes that the transaction has written to the outbox. The commit of
// one that is not ours to see wakes nobody.
func (s *Sessions) MarkDirty(pool gorm.ConnPool) {
	if tx := TransactionOf(pool); tx != nil {
		tx.dirty = true
	}
}
