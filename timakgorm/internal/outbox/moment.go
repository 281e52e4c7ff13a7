package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// A moment is a version, as one that tells what a transaction could see: what was read
// before a version was drawn does not hold a change that was committed later.

// Moment returns the latest moment: what was read before is from before it, or from it. It is
// 0 if the role may not know.
func (o *Outbox) Moment(ctx context.Context) (moment int64, err error) {
	if err = o.DB.QueryRowContext(ctx, o.dialect.Moment()).Scan(&moment); err != nil {
		err = fmt.Errorf("timakgorm: read the latest version: %w", err)
	}
	return moment, err
}

// NewMoment draws a moment, which t's database does: it is after all that Moment has
// returned, and what is read now holds all that was committed before it.
func (o *Outbox) NewMoment(ctx context.Context, t *dialect.Table) (moment int64, err error) {
	if o.dialect.Clock {
		moment, err = o.keptMoment(ctx, t)
	} else {
		moment, err = Draw(ctx, o.DB, t, time.Now())
	}
	if err != nil {
		err = fmt.Errorf("timakgorm: draw a version: %w", err)
	}
	return moment, err
}

// keptMoment draws a moment from a clock that is this program's, and notes it in the
// database.
func (o *Outbox) keptMoment(ctx context.Context, t *dialect.Table) (moment int64, err error) {
	tx, err := o.DB.BeginTx(ctx, o.dialect.UnderLocks())
	if err != nil {
		return 0, err
	}
	if moment, err = Draw(ctx, tx, t, time.Now()); err == nil {
		err = Raise(ctx, tx, o.dialect, moment)
	}
	if err != nil {
		return 0, errors.Join(err, tx.Rollback())
	}
	return moment, tx.Commit()
}
