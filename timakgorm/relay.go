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
// reached it tries again, after waits that grow to half a minute; a timeline that
// alone cannot be reached delays no other.
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

	// Until then the relay rests, as the store or the database is away. If it is
	// woken it tries what has been committed since: what comes after this change.
	until time.Time
	tried int64
}

// leastRest is how long nothing wakes a relay that could not do its work.
const leastRest = 250 * time.Millisecond

// round takes a batch of the shards held, and rests if there is no more to do.
func (r *runner) round(ctx context.Context) {
	if !r.pausing() {
		r.tried = 0
	}
	var came outcome
	held, err := r.shards.hold(ctx)
	if err == nil {
		came, err = r.relayBatch(ctx, selection{shards: held, after: r.tried})
	}
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && came.late > 0 && !came.outage: // what was put off has a wait of its own
		r.counters.errors.Add(1)
		r.opts.Logger.WarnContext(ctx, "timak: some changes could not be applied; they are put off", "error", err)
		if !came.reached {
			r.giveWay(ctx)
		}
	case err != nil:
		r.pause(ctx, came, err)
		return
	case !came.more:
		r.idle(ctx, came)
	}
	if !r.pausing() {
		r.waits.Reset()
	}
	if came.reached && err == nil {
		r.deliveries.breaker.reset()
	}
}

// idle rests when there is nothing to do, or nothing but what the pause is for.
func (r *runner) idle(ctx context.Context, came outcome) {
	wait := spread(r.opts.Poll)
	if r.pausing() {
		wait = min(wait, time.Until(r.until))
		if !came.reached {
			r.shards.release()
		}
	}
	r.rest(ctx, wait, r.wakeUp)
}

func (r *runner) pausing() bool { return time.Now().Before(r.until) }

// pause rests when nothing could be done, each time for longer, but for what is
// committed meanwhile: it may be for timelines that can be reached.
func (r *runner) pause(ctx context.Context, came outcome, err error) {
	r.counters.errors.Add(1)
	r.tried = max(r.tried, came.last)
	if !r.pausing() {
		wait := r.waits.NextBackOff()
		r.until = time.Now().Add(wait)
		r.opts.Logger.WarnContext(ctx, "timak: changes could not be applied; trying again", "wait", wait, "error", err)
	}
	r.shards.release() // others may reach the store
	r.rest(ctx, min(leastRest, time.Until(r.until)), nil)
	r.rest(ctx, time.Until(r.until), r.wakeUp)
}

// giveWay lets others try a timeline that cannot be reached from here.
func (r *runner) giveWay(ctx context.Context) {
	r.shards.release()
	wait := spread(r.opts.Poll)
	r.rest(ctx, min(leastRest, wait), nil)
	r.rest(ctx, wait, r.wakeUp)
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
