package timakgorm

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Run is the relay: it carries committed changes to the timelines until ctx
// ends, and then returns nil, with nothing half done: a change that it was
// about to apply stays in the outbox. While the store or the database cannot be
// reached it tries again, after waits that grow to half a minute.
//
// Any number of processes may run one. On Postgres they share the rows out
// among them, by advisory locks that each holds on a connection of its own: of
// a pool limited to a single connection it takes none, and works beside the
// others. When one ends, or cannot reach the store, the others take over its
// rows within about Options.Poll. Advisory locks belong to a session: the
// connection must not go through a pooler that hands out sessions by
// transaction, such as PgBouncer in that mode. A change that two of them apply
// counts once.
//
// With Options.Capture Triggers, a table whose triggers are missing or outdated
// is ErrTriggers, before anything is applied.
func (p *Plugin) Run(ctx context.Context) error {
	if p.db == nil {
		return errNotInUse
	}
	if err := p.wrongTriggers(ctx); err != nil {
		return err
	}
	r := &runner{Plugin: p, shards: p.newShards(), waits: newWaits()}
	defer r.shards.release()
	for ctx.Err() == nil {
		r.round(ctx)
	}
	return nil
}

// runner is one Run.
type runner struct {
	*Plugin

	shards *shards
	waits  *backoff.ExponentialBackOff
}

// round takes a batch of the shards held, and rests if there is no more to do.
func (r *runner) round(ctx context.Context) {
	var came outcome
	held, err := r.shards.hold(ctx)
	if err == nil {
		came, err = r.relayBatch(ctx, selection{shards: held})
	}
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && came.settled > 0: // what was put off has a wait of its own
		r.waits.Reset()
		r.counters.errors.Add(1)
		r.opts.Logger.WarnContext(ctx, "timak: some changes could not be applied; they are put off", "error", err)
	case err != nil:
		wait := r.waits.NextBackOff()
		r.counters.errors.Add(1)
		r.opts.Logger.WarnContext(ctx, "timak: changes could not be applied; trying again", "wait", wait, "error", err)
		r.shards.release() // others may reach the store
		r.rest(ctx, wait, nil)
	case !came.more:
		r.waits.Reset()
		r.rest(ctx, spread(r.opts.Poll), r.wakeUp)
	default:
		r.waits.Reset()
	}
	if came.settled > 0 && err == nil {
		r.deliveries.breaker.reset()
	}
}

// newWaits returns the pauses of a relay that meets errors.
func newWaits() *backoff.ExponentialBackOff {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval = 100 * time.Millisecond
	waits.MaxInterval = 30 * time.Second
	return waits
}

// spread returns a time between half of d and d, so that the relays of many
// processes do not all look at once.
func spread(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// rest waits for a time, the end of ctx, or to be woken.
func (p *Plugin) rest(ctx context.Context, d time.Duration, woken <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-woken:
	case <-ctx.Done():
	}
}
