package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Drain applies all that is committed and returns when the outbox holds no change
// that is for this program.
func (r *Relay) Drain(ctx context.Context) error {
	d := &drain{Relay: r, waits: newWaits()}
	return d.run(ctx)
}

func (d *drain) run(ctx context.Context) error {
	for {
		done, err := d.step(ctx)
		switch {
		case ctx.Err() != nil:
			return errors.Join(fmt.Errorf("timakgorm: drain: %w", ctx.Err()), d.last)
		case done:
			return nil
		case err != nil:
			d.last = err
			d.counters.errors.Add(1)
			d.Rest(ctx, d.waits.NextBackOff(), nil)
		}
	}
}

// The patience of Drain with the relay of another process: how long it may be
// without headway, and how often Drain looks.
const (
	foreignPatience = 2 * time.Second
	foreignLook     = 20 * time.Millisecond
)

// drain is one drain.
type drain struct {
	*Relay

	waits  *backoff.ExponentialBackOff
	last   error // why the last try failed
	putOff bool  // those that were put off come after the others
	after  int64 // what comes before is left to programs with other rules
	due    bool  // they do not come at all, and may stay: each try counts

	// What other processes hold had this first change, and so many, since then.
	// impatient says that it has been too long.
	first, count int64
	since        time.Time
	impatient    bool
}

// step takes one batch, or waits for the others, and reports whether nothing is
// left.
func (d *drain) step(ctx context.Context) (done bool, err error) {
	which := outbox.Selection{Everything: d.putOff, After: d.after}
	if !d.impatient {
		if which.Shards, err = d.notForeign(ctx); err != nil {
			return false, err
		}
	}
	came, err := d.relayBatch(ctx, which)
	switch {
	case came.settled > 0:
		d.putOff, d.impatient, d.after = false, false, 0
		d.waits.Reset()
		return false, nil
	case err != nil:
		return false, err
	case came.found > came.left:
		return false, nil
	case came.left > 0 && came.more:
		d.after = came.last
		return false, nil
	case !d.putOff && !d.due:
		d.putOff, d.after = true, 0
		return false, nil
	case which.Shards == nil:
		return true, nil
	default:
		return d.await(ctx, which)
	}
}

// await looks at what other processes hold, once, and reports whether nothing
// is left of it.
func (d *drain) await(ctx context.Context, free outbox.Selection) (done bool, err error) {
	o, err := d.Outbox()
	if err != nil {
		return false, err
	}
	first, count, err := o.Waiting(ctx, free.Others())
	if err != nil || count == 0 {
		return err == nil, err
	}
	if now := time.Now(); d.since.IsZero() || first != d.first || count < d.count {
		d.first, d.count, d.since = first, count, now
	} else if now.Sub(d.since) > foreignPatience {
		d.impatient, d.since = true, time.Time{}
		d.opts.Log.WarnContext(ctx, "timak: the relay of another process makes no headway; working beside it",
			"changes", count, "shards", len(free.Others().Shards))
		return false, nil
	}
	d.Rest(ctx, foreignLook, nil)
	return false, nil
}
