package relay

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/shards"
)

// Run applies committed changes to the timelines until ctx ends.
func (r *Relay) Run(ctx context.Context) {
	one := &runner{Relay: r, worker: r.shards.Worker(), waits: newWaits(), watch: r.newWatch()}
	defer one.watch.rebuilds.Wait()
	defer one.worker.Release()
	r.sayFilledBefore(ctx)
	for ctx.Err() == nil {
		one.round(ctx)
	}
}

// sayFilledBefore says that rows wait for a Rebuild, if that can be told: nothing was ever
// recorded, and there are rows. Without an answer it says nothing.
func (r *Relay) sayFilledBefore(ctx context.Context) {
	o, err := r.Outbox()
	if err != nil {
		return
	}
	patient, cancel := context.WithTimeout(ctx, beforePatience)
	defer cancel()
	table, err := o.FilledBefore(patient, r.tables)
	if err == nil && table != "" {
		r.opts.Log.WarnContext(ctx, "timak: a tracked table has rows, and no change of any was ever recorded: "+
			"if they are older than its rules, call plugin.Rebuild once to bring them onto their timelines", "table", table)
	}
}

// beforePatience is long for a look at each table, and short for changes that wait while
// somebody has one locked.
const beforePatience = 5 * time.Second

// runner is one call of Run.
type runner struct {
	*Relay

	worker *shards.Worker
	waits  *backoff.ExponentialBackOff
	watch  *watch

	// The relay pauses until this time, as the store or the database cannot be
	// reached. If it is woken before, it tries only changes committed since: those
	// with ids above tried.
	until time.Time
	tried int64

	away time.Time // since when nothing could be applied, as the log has said; zero: not so
}

// leastRest is how long a relay rests after a failure before it can be woken.
const leastRest = 250 * time.Millisecond

// round takes a batch of the shards held, and rests if there is nothing more to do.
func (r *runner) round(ctx context.Context) {
	if !r.pausing() {
		r.tried = 0
	}
	r.watch.look(ctx)
	var came outcome
	held, err := r.worker.Hold(ctx)
	if err == nil {
		came, err = r.relayBatch(ctx, outbox.Selection{Shards: held, After: r.tried, Quick: true})
	}
	err = outbox.Explain(err)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && came.late > 0 && !came.outage: // the changes that were put off have waits of their own
		r.counters.errors.Add(1)
		r.opts.Log.WarnContext(ctx, "timak: some changes could not be applied; they are put off", "error", err)
		if !came.reached {
			r.note()
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
		r.sayBack(ctx)
	}
}

// note notes that nothing could be applied.
func (r *runner) note() {
	if r.away.IsZero() {
		r.away = time.Now()
	}
}

// sayBack says, once after warnings, that changes are applied.
func (r *runner) sayBack(ctx context.Context) {
	if r.away.IsZero() {
		return
	}
	r.opts.Log.InfoContext(ctx, "timak: changes are applied again", "after", time.Since(r.away).Round(time.Millisecond))
	r.away = time.Time{}
}

// idle rests when there is nothing to do, or only changes that wait for the end of the
// pause.
func (r *runner) idle(ctx context.Context, came outcome) {
	if r.pausing() && !came.reached {
		r.worker.Release()
	}
	r.Rest(ctx, r.rest(came), r.Woken())
}

// rest returns how long to rest after a round that has found nothing more to do. Only after a
// hasty look another one comes sooner: a round of a pause, or without shards, may take none
// that is deeper, and must not be repeated at once.
func (r *runner) rest(came outcome) time.Duration {
	wait := r.healer.Until(r.worker.Until(r.watch.until(Spread(r.opts.Poll))))
	if came.hasty {
		wait = r.swept.Until(wait)
	}
	if r.tried > 0 || r.pausing() { // the pause may have ended since the look, which was not at everything
		wait = min(wait, max(time.Until(r.until), 0))
	}
	return wait
}

func (r *runner) pausing() bool { return time.Now().Before(r.until) }

// pause rests after a round that could do nothing, each time for longer. Wake ends the
// rest but not the pause: newly committed changes are tried, as their timelines may be
// reachable.
func (r *runner) pause(ctx context.Context, came outcome, err error) {
	r.counters.errors.Add(1)
	r.note()
	r.tried = max(r.tried, came.last)
	if !r.pausing() {
		wait := r.waits.NextBackOff()
		r.until = time.Now().Add(wait)
		if !errors.Is(err, errOtherStore) { // the look has said so
			r.opts.Log.WarnContext(ctx, "timak: changes could not be applied; trying again", "wait", wait, "error", err)
		}
	}
	r.worker.Release() // other processes may reach the store
	r.Rest(ctx, min(leastRest, time.Until(r.until)), nil)
	r.Rest(ctx, time.Until(r.until), r.Woken())
}

// giveWay lets other processes try a timeline that this one cannot reach.
func (r *runner) giveWay(ctx context.Context) {
	r.worker.Release()
	wait := Spread(r.opts.Poll)
	r.Rest(ctx, min(leastRest, wait), nil)
	r.Rest(ctx, wait, r.Woken())
}
