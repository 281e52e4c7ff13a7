package timakgorm

import (
	"context"
	"database/sql"
	"encoding/json"
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

// recordRows records rows anew, each with a version at or above its floor.
func (p *Plugin) recordRows(ctx context.Context, t *table, floors map[string]int64) error {
	var all []change
	for key, floor := range floors {
		all = append(all, change{Key: json.RawMessage(key), Floor: floor})
	}
	slices.SortFunc(all, func(a, b change) int { return strings.Compare(string(a.Key), string(b.Key)) })
	o, err := p.outbox()
	if err != nil {
		return err
	}
	for rows := range slices.Chunk(all, forceChunk) {
		for try := 1; ; try++ {
			err := t.forceRows(ctx, o.db, &changes{rows: rows})
			if err == nil {
				break
			}
			if !contended(err) || ctx.Err() != nil {
				return err
			}
			if try == forceTries { // they remain as they are, and the others need not
				p.opts.Logger.WarnContext(ctx, "timak: rows stay locked; they are not recorded anew", "table", t.model.table, "rows", len(rows), "error", err)
				break
			}
			p.rest(ctx, spread(time.Second), nil)
		}
		p.wake()
	}
	return nil
}

// lockTime is how long to wait for the locks of writers.
const lockTime = "SET LOCAL lock_timeout = '5s'"

// forceRows records rows in a transaction that locks them first: whoever
// changes one has committed before the version is drawn, or draws a later one.
func (t *table) forceRows(ctx context.Context, db *sql.DB, c *changes) (err error) {
	var isolation *sql.TxOptions
	if t.dialect.lock {
		isolation = &sql.TxOptions{Isolation: sql.LevelReadCommitted} // so that rows are read as they are under the lock
	}
	tx, err := db.BeginTx(ctx, isolation)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if t.dialect.lock {
		keys := c.keys()
		if _, err := tx.ExecContext(ctx, lockTime); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, t.sql.locked, keys); err != nil {
			return fmt.Errorf("timakgorm: lock rows of %s: %w", t.model.table, err)
		}
	}
	if _, err := t.record(ctx, tx, c, time.Now()); err != nil {
		return err
	}
	return tx.Commit()
}

// contended reports whether an error says that others held the locks: a
// timeout, a deadlock or a failed serialization.
func contended(err error) bool {
	return slices.Contains([]string{"55P03", "40P01", "40001"}, stateOf(err))
}
