package hooks

import (
	"context"
	"errors"
	"strings"

	"gorm.io/gorm/clause"
)

// Two transactions may upsert a row at the same time that does not exist yet. The
// second waits for the first, and then meets a row which it has not read. It fails by
// the condition that narrowUpsert has added, is undone, and runs again: now the row
// can be read and locked. An upsert also meets unread rows if a trigger or the type
// of a column changes its values as they are written.

// madeMeanwhile marks the error of an upsert that meets a row it has not read; the
// row's primary key follows it.
const madeMeanwhile = "timak: made meanwhile: "

func metNew(err error) bool { return err != nil && strings.Contains(err.Error(), madeMeanwhile) }

// upsertTries bounds how often an upsert runs. It runs again only if it met a row that
// it had not read.
const upsertTries = 10

// runAgain runs the statement, which also returns the keys of written rows, until it
// meets no row that it has not read.
func (c *capture) runAgain(ctx context.Context, alone bool) (all *replay, keys []string, err error) {
	for tries := 1; ; tries++ {
		if err := c.addReturning(c.keyReturned(), alone); err != nil {
			return nil, nil, err
		}
		saved := c.mayMeetNew()
		all, keys, err = c.runSaved(ctx, saved)
		if !metNew(err) || !saved || tries == upsertTries {
			return all, keys, err
		}
		if err := c.learnFrom(ctx, err, tries > 1); err != nil {
			return nil, nil, err
		}
	}
}

// learnFrom reads the row that an upsert has met, and other rows that it may meet.
func (c *capture) learnFrom(ctx context.Context, met error, twice bool) error {
	c.restoreClause("RETURNING")
	c.restoreClause("ON CONFLICT")
	_, key, _ := strings.Cut(met.Error(), madeMeanwhile)
	if err := c.readKeys(ctx, []string{key}); err != nil {
		return err
	}
	if err := c.beforeUpsert(ctx, *c.upsert, twice); err != nil || c.reach == nil {
		return err
	}
	return c.reach.read(ctx)
}

// runSaved is runReturning. With saved it runs in a savepoint, and is undone if it has
// met a row that was not read. Any other error aborts the transaction, as it would
// without timak.
func (c *capture) runSaved(ctx context.Context, saved bool) (all *replay, keys []string, err error) {
	if !saved {
		return c.runReturning(ctx)
	}
	exec := func(sql string) error {
		_, err := c.ConnPool.ExecContext(ctx, sql)
		return err
	}
	if err := exec("SAVEPOINT timak_upsert"); err != nil {
		return nil, nil, err
	}
	all, keys, err = c.runReturning(ctx)
	switch {
	case err == nil:
		return all, keys, exec("RELEASE SAVEPOINT timak_upsert")
	case metNew(err):
		return nil, nil, errors.Join(err, exec("ROLLBACK TO SAVEPOINT timak_upsert"), exec("RELEASE SAVEPOINT timak_upsert"))
	default:
		return nil, nil, err
	}
}

// mayMeetNew reports whether an upsert has more rows than were read. Those that were
// read are locked, so it cannot meet others if it has no more.
func (c *capture) mayMeetNew() bool {
	values, _ := c.db.Statement.Clauses["VALUES"].Expression.(clause.Values)
	return c.upsert != nil && len(c.changes.Rows) < len(values.Values)
}
