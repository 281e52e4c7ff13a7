package timakgorm

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
)

// maxAttempts is how often a change is tried before it becomes a dead letter;
// with the waits of putOff that is about an hour. Outages do not count.
const maxAttempts = 20

// permanent reports whether trying again cannot help.
func permanent(err error) bool {
	for _, never := range []error{
		timak.ErrKey, timak.ErrID, timak.ErrSource, timak.ErrData, timak.ErrDate, timak.ErrVersion,
		timak.ErrCorrupt, driver.ErrTooLarge,
	} {
		if errors.Is(err, never) {
			return true
		}
	}
	return false
}

// blamesOp reports whether an error of a timeline may be about one of the ops
// alone, which the others would survive.
func blamesOp(err error) bool {
	return permanent(err) && !errors.Is(err, timak.ErrKey) && !errors.Is(err, timak.ErrCorrupt)
}

// hopeless reports whether a change is to be given up, by the errors of its
// timelines. As long as one of those may take it later, it is not.
func hopeless(f *rowFold, errs []error) bool {
	if slices.ContainsFunc(errs, isOutage) {
		return false
	}
	passing := func(err error) bool { return !permanent(err) }
	return !slices.ContainsFunc(errs, passing) || f.last().attempts+1 >= maxAttempts
}

// isOutage reports whether an error says that the store cannot be reached, and
// nothing about the change.
func isOutage(err error) bool {
	return errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// outage reports whether nothing at all could be written: then the changes stay
// as they are, and the relay pauses.
func (b *batch) outage() bool {
	for _, f := range b.folds {
		if f.err == nil && len(f.ops) > 0 && !slices.ContainsFunc(b.failed[f], isOutage) {
			return false
		}
	}
	return true
}

// The waits of a change between two tries: doubled each time, up to a limit,
// and spread by half so that changes which failed together come back apart.
const (
	firstWait = time.Second
	lastWait  = 5 * time.Minute
)

func (b *batch) putOff(ctx context.Context, tx *sql.Tx, f *rowFold, reason error) error {
	attempts := f.last().attempts
	wait := min(firstWait<<min(attempts, 16), lastWait)
	if !isOutage(reason) {
		attempts++
	}
	wait = wait/2 + rand.N(wait)
	return b.outbox.putOff(ctx, tx, f.ids(), time.Now().Add(wait), attempts, reason)
}

// recordAnew writes a change of the row as it is now, with a version of now,
// in place of one that came so late that its removal may have been forgotten.
func (b *batch) recordAnew(ctx context.Context, tx *sql.Tx, f *rowFold) error {
	key, err := f.key()
	if err != nil {
		return err
	}
	c := &changes{}
	if err := c.touch(key); err != nil {
		return err
	}
	if err := f.table.lock(ctx, tx, c); err != nil {
		return err
	}
	_, err = f.table.record(ctx, tx, c, time.Now())
	b.plugin.wake()
	return err
}

// key returns the primary key from the latest image.
func (f *rowFold) key() (rowKey, error) {
	text := f.last().new
	if text == nil {
		text = f.last().old
	}
	all, err := parseKey(*text)
	if err != nil {
		return nil, err
	}
	key := rowKey{}
	for _, field := range f.table.model.keys {
		key[field.DBName] = all[field.DBName]
	}
	return key, nil
}

// lock locks rows until the transaction ends, so that no change of them can be
// committed between reading them and drawing a version.
func (t *table) lock(ctx context.Context, pool gorm.ConnPool, c *changes) error {
	if !t.dialect.lock {
		return nil
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	_, err = pool.ExecContext(ctx, t.dialect.bind("SELECT 1 FROM "+t.sql.from+" WHERE "+t.sql.narrow+" FOR SHARE"), keys)
	return err
}
