package relay

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// newWaits returns the pauses of a relay after errors.
func newWaits() *backoff.ExponentialBackOff {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval = 100 * time.Millisecond
	waits.MaxInterval = 30 * time.Second
	return waits
}

// Spread returns a random time between d/2 and d, so that the relays of many processes
// do not all look at the outbox at once.
func Spread(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// Rest waits for d, the end of ctx, or a value from woken, which may be nil.
func (r *Relay) Rest(ctx context.Context, d time.Duration, woken <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-woken:
	case <-ctx.Done():
	}
}

// Woken returns the channel that receives a value after Wake was called.
func (r *Relay) Woken() <-chan struct{} { return r.wakeUp }

// Wake makes the relay look at the outbox soon. It never waits.
func (r *Relay) Wake() {
	select {
	case r.wakeUp <- struct{}{}:
	default:
	}
}
