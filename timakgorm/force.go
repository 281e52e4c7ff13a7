package timakgorm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// forceChunk is how many rows are locked in one transaction.
	forceChunk = 1000
	// forceTries is how often that is tried where others hold the locks.
	forceTries = 5
)

// recordRows records rows anew, each with a version at or above its floor. Those
// that others keep locked stay as they are.
func (p *Plugin) recordRows(ctx context.Context, t *table, floors map[string]int64) error {
	all, err := forcedChanges(floors)
	if err != nil {
		return err
	}
	o, err := p.outbox()
	if err != nil {
		return err
	}
	for rows := range slices.Chunk(all, forceChunk) {
		busy, err := p.forceSome(ctx, o.db, t, rows)
		if err != nil {
			return err
		}
		if len(busy) > 0 {
			p.opts.Logger.WarnContext(ctx, "timak: rows stay locked; they are not recorded anew", "table", t.model.table, "rows", len(busy))
		}
		p.wake()
	}
	return nil
}

// forcedChanges returns the rows in one order for all, each once: a key that was
// read from an item's id may be written otherwise than one from the table.
func forcedChanges(floors map[string]int64) ([]change, error) {
	c := &changes{}
	for text, floor := range floors {
		key, err := parseKey(text)
		if err != nil {
			return nil, err
		}
		n, err := c.place(key)
		if err != nil {
			return nil, err
		}
		c.rows[n].Floor = max(c.rows[n].Floor, floor)
	}
	slices.SortFunc(c.rows, func(a, b change) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return c.rows, nil
}

// forceSome records some rows, and returns those that others have kept locked.
// At first it waits for all of their locks; when that has taken too long, it
// takes the rows that are free, and then the others as they become so.
func (p *Plugin) forceSome(ctx context.Context, db *sql.DB, t *table, rows []change) ([]change, error) {
	for try := 1; ; try++ {
		busy, err := t.forceRows(ctx, db, rows, try == 1)
		switch {
		case err == nil:
			rows = busy
		case !contended(err) || ctx.Err() != nil:
			return rows, err
		}
		if len(rows) == 0 || try == forceTries {
			return rows, nil
		}
		if try > 1 {
			p.rest(ctx, spread(time.Second), nil)
		}
	}
}

// lockTime is how long to wait for the locks of writers.
const lockTime = "SET LOCAL lock_timeout = '5s'"

// forceRows records rows in a transaction that locks them first: whoever
// changes one has committed before the version is drawn, or draws a later one.
// Unless it is to wait, it leaves those that are locked, and returns them.
func (t *table) forceRows(ctx context.Context, db *sql.DB, rows []change, wait bool) (busy []change, err error) {
	var isolation *sql.TxOptions
	if t.dialect.lock {
		isolation = &sql.TxOptions{Isolation: sql.LevelReadCommitted} // so that rows are read as they are under the lock
	}
	tx, err := db.BeginTx(ctx, isolation)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if t.dialect.lock {
		if rows, busy, err = t.lockRows(ctx, tx, rows, wait); err != nil {
			return nil, fmt.Errorf("timakgorm: lock rows of %s: %w", t.model.table, err)
		}
	}
	if len(rows) > 0 {
		if _, err := t.record(ctx, tx, &changes{rows: rows}, time.Now()); err != nil {
			return nil, err
		}
	}
	return busy, tx.Commit()
}

// lockRows locks rows until the transaction ends: all of them if it is to wait,
// or else those that are free. It returns the rows that others may not change
// now, and those that others have locked.
func (t *table) lockRows(ctx context.Context, tx *sql.Tx, rows []change, wait bool) (ours, busy []change, err error) {
	if _, err := tx.ExecContext(ctx, lockTime); err != nil {
		return nil, nil, err
	}
	c := &changes{rows: rows}
	if wait {
		_, err := tx.ExecContext(ctx, t.sql.locked, c.keys())
		return rows, nil, err
	}
	taken, err := t.lockFree(ctx, tx, c)
	for _, row := range rows {
		if taken[string(row.Key)] {
			busy = append(busy, row)
		} else {
			ours = append(ours, row)
		}
	}
	return ours, busy, err
}

// contended reports whether an error says that others held the locks: a
// timeout, a deadlock or a failed serialization.
func contended(err error) bool {
	return slices.Contains([]string{"55P03", "40P01", "40001"}, stateOf(err))
}
