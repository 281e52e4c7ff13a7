package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Drain applies all committed changes, and returns when the outbox holds none that
// this program must apply, and no timeline can be healed at once. If ctx ends before, it
// returns the context's error with that of the last try.
func (r *Relay) Drain(ctx context.Context) error {
	d := &drain{Relay: r, waits: newWaits()}
	return d.run(ctx)
}

func (d *drain) run(ctx context.Context) error {
	for {
		done, err := d.step(ctx)
		err = outbox.Explain(err)
		switch {
		case ctx.Err() != nil:
			return errors.Join(fmt.Errorf("timakgorm: drain: %w", ctx.Err()), d.last)
		case done && d.healed(ctx) == 0:
			return nil
		case err != nil:
			d.last = err
			d.counters.errors.Add(1)
			d.Rest(ctx, d.waits.NextBackOff(), nil)
		}
	}
}

// healed heals timelines that wait for it, and returns how many.
func (d *drain) healed(ctx context.Context) int {
	o, err := d.Outbox()
	if err != nil {
		return 0
	}
	return d.healNext(ctx, o)
}

// How long Drain waits while the relay of another process makes no progress, and how
// often Drain looks.
const (
	foreignPatience = 2 * time.Second
	foreignLook     = 20 * time.Millisecond
)

// drain is one call of Drain.
type drain struct {
	*Relay

	waits  *backoff.ExponentialBackOff
	last   error // why the last try failed
	putOff bool  // only changes that were put off are left: take those too
	after  int64 // changes up to this id are left to programs with other rules
	due    bool  // never take changes that were put off, as each try counts
	whole  bool  // quick looks find no more

	// The changes that other processes hold: the id of the first, their number, and
	// since when both are the same. impatient says that this has been too long.
	first, count int64
	since        time.Time
	impatient    bool
}

// step takes one batch, or waits for other processes, and reports whether nothing is
// left.
func (d *drain) step(ctx context.Context) (done bool, err error) {
	which := outbox.Selection{Everything: d.putOff, After: d.after, Quick: !d.whole}
	if !d.impatient {
		if which.Shards, err = d.shards.NotForeign(ctx); err != nil {
			return false, err
		}
	}
	came, err := d.relayBatch(ctx, which)
	switch {
	case came.settled > 0:
		d.putOff, d.impatient, d.after, d.whole = false, false, 0, false
		d.waits.Reset()
		return false, nil
	case err != nil:
		return false, err
	case came.healed > 0:
		return false, nil
	case came.found > came.left:
		if came.late > 0 { // others hold locks, or the changes
			d.Rest(ctx, foreignLook, nil)
		}
		return false, nil
	case came.left > 0 && came.more:
		d.after = came.last
		return false, nil
	case !d.putOff && !d.due:
		d.putOff, d.after = true, 0
		return false, nil
	case !d.whole && (!came.whole || which.After > 0):
		d.whole, d.after = true, 0
		return false, nil
	case which.Shards == nil:
		return true, nil
	default:
		return d.await(ctx, which)
	}
}

// await looks once at the changes that other processes hold, and reports whether none
// are left.
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
		d.opts.Log.WarnContext(ctx, "timak: the relay of another process makes no progress; applying its changes too",
			"changes", count, "shards", len(free.Others().Shards))
		return false, nil
	}
	d.Rest(ctx, foreignLook, nil)
	return false, nil
}
