package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Run is the relay: it carries committed changes to the timelines until ctx
// ends, and then returns nil, with nothing half done: a change that it was
// about to apply stays in the outbox. While the store or the database cannot be
// reached it tries again, after waits that grow to half a minute. Any number of
// processes may run one; a change that two of them apply counts once.
func (p *Plugin) Run(ctx context.Context) error {
	if p.db == nil {
		return errNotInUse
	}
	waits := newWaits()
	for ctx.Err() == nil {
		found, settled, err := p.relayBatch(ctx, false)
		switch {
		case ctx.Err() != nil:
		case err != nil && settled > 0: // what was put off has a wait of its own
			waits.Reset()
			p.opts.Logger.WarnContext(ctx, "timak: some changes could not be applied; they are put off", "error", err)
		case err != nil:
			wait := waits.NextBackOff()
			p.opts.Logger.WarnContext(ctx, "timak: changes could not be applied; trying again", "wait", wait, "error", err)
			p.rest(ctx, wait, nil)
		case found < p.opts.Batch:
			waits.Reset()
			p.rest(ctx, spread(p.opts.Poll), p.wakeUp)
		default:
			waits.Reset()
		}
	}
	return nil
}

// Drain applies all that is committed and returns when the outbox holds no
// change of a tracked table. If ctx ends before that, it returns an error that
// wraps the context's and says what the last try met. A change that cannot be
// applied, ever, becomes a dead letter and no error.
func (p *Plugin) Drain(ctx context.Context) error {
	waits := newWaits()
	var last error
	putOff := false // those that were put off come after the others
	for {
		found, settled, err := p.relayBatch(ctx, putOff)
		switch {
		case errors.Is(err, errNotInUse):
			return err
		case ctx.Err() != nil:
			return errors.Join(fmt.Errorf("timakgorm: drain: %w", ctx.Err()), last)
		case err == nil && found == 0 && putOff:
			return nil
		case err == nil && found == 0:
			putOff = true
		case settled > 0:
			putOff = false
			waits.Reset()
		default:
			last = err
			p.rest(ctx, waits.NextBackOff(), nil)
		}
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
