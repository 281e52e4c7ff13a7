package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/relay"
)

// forceChunk is how many rows one transaction locks.
const forceChunk = 1000

// recordRows records rows anew, each with at least the version given. Rows that
// others keep locked stay as they are.
func (a *Audit) recordRows(ctx context.Context, t *dialect.Table, versions map[string]int64) error {
	all, err := forcedChanges(versions)
	if err != nil {
		return err
	}
	o, err := a.relay.Outbox()
	if err != nil {
		return err
	}
	for rows := range slices.Chunk(all, forceChunk) {
		busy, err := a.forceSome(ctx, o.DB, t, rows)
		if err != nil {
			return err
		}
		if len(busy) > 0 {
			a.log.WarnContext(ctx, "timak: rows stay locked; they are not recorded anew", "table", t.Model.Table, "rows", len(busy))
		}
		a.relay.Wake()
	}
	return nil
}

// forcedChanges returns the rows, each once and always in the same order. Two texts may
// be the same key: one from an item's id may be written differently from one from the
// table.
func forcedChanges(versions map[string]int64) ([]dialect.Change, error) {
	c := &outbox.Changes{}
	for text, least := range versions {
		key, err := model.ParseKey(text)
		if err != nil {
			return nil, err
		}
		n, err := c.IndexOf(key)
		if err != nil {
			return nil, err
		}
		c.Rows[n].Least = max(c.Rows[n].Least, least)
	}
	slices.SortFunc(c.Rows, func(a, b dialect.Change) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return c.Rows, nil
}

// forceTries is how often a run tries to lock rows that others hold.
const forceTries = 5

// forceSome records some rows, and returns those that others have kept locked. It
// first waits for the locks of all rows. If that takes too long, it records the rows
// that are free, and then the others as they become free.
func (a *Audit) forceSome(ctx context.Context, db *sql.DB, t *dialect.Table, rows []dialect.Change) ([]dialect.Change, error) {
	for try := 1; ; try++ {
		busy, err := forceRows(ctx, db, t, rows, try == 1)
		switch {
		case err == nil:
			rows = busy
		case !dialect.Contended(err) || ctx.Err() != nil:
			return rows, err
		}
		if len(rows) == 0 || try == forceTries {
			return rows, nil
		}
		if try > 1 {
			a.relay.Rest(ctx, relay.Spread(time.Second), nil)
		}
	}
}

// lockTime sets how long a transaction waits for a lock.
const lockTime = "SET LOCAL lock_timeout = '5s'"

// forceRows records rows in a transaction that locks them first. So another change of
// a row is committed before the version is drawn, or gets a later version. Without
// wait it leaves out the rows that others have locked, and returns them.
func forceRows(ctx context.Context, db *sql.DB, t *dialect.Table, rows []dialect.Change, wait bool) (busy []dialect.Change, err error) {
	tx, err := db.BeginTx(ctx, t.Dialect.UnderLocks())
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if t.Dialect.Lock {
		if rows, busy, err = lockRows(ctx, tx, t, rows, wait); err != nil {
			return nil, fmt.Errorf("timakgorm: lock rows of %s: %w", t.Model.Table, err)
		}
	}
	if len(rows) > 0 {
		if _, err := outbox.Record(ctx, tx, t, &outbox.Changes{Rows: rows}, time.Now()); err != nil {
			return nil, err
		}
	}
	return busy, tx.Commit()
}

// lockRows locks rows until the transaction ends: with wait all of them, else those
// that are free. It returns the rows that others now cannot change, and those that
// others have locked.
func lockRows(ctx context.Context, tx *sql.Tx, t *dialect.Table, rows []dialect.Change, wait bool) (ours, busy []dialect.Change, err error) {
	if _, err := tx.ExecContext(ctx, lockTime); err != nil {
		return nil, nil, err
	}
	c := &outbox.Changes{Rows: rows}
	if wait {
		_, err := tx.ExecContext(ctx, t.SQL.Locked, c.Keys())
		return rows, nil, err
	}
	taken, err := outbox.LockAvailable(ctx, tx, t, c)
	for _, row := range rows {
		if taken[string(row.Key)] {
			busy = append(busy, row)
		} else {
			ours = append(ours, row)
		}
	}
	return ours, busy, err
}

// maxAhead is how far ahead of the clock a version may be for Rebuild to exceed it. All
// later versions, of any row, are above those that were drawn before. So a very high
// version on one timeline would raise those of all later changes, until there are no
// higher ones.
const maxAhead = 24 * time.Hour

// exceeded returns the highest version that Rebuild exceeds. If the database has drawn
// a higher one already, as after the clock was set back, exceeding that does no more
// harm.
func (a *Audit) exceeded(ctx context.Context) (version int64, err error) {
	o, err := a.relay.Outbox()
	if err != nil {
		return 0, err
	}
	version, err = o.High(ctx)
	return max(version, time.Now().Add(maxAhead).UnixMicro()), err
}
