package relay

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// newWaits returns the pauses of a relay that meets errors.
func newWaits() *backoff.ExponentialBackOff {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval = 100 * time.Millisecond
	waits.MaxInterval = 30 * time.Second
	return waits
}

// Spread returns a time between half of d and d, so that the relays of many
// processes do not all look at once.
func Spread(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// Rest waits for a time, the end of ctx, or to be woken.
func (r *Relay) Rest(ctx context.Context, d time.Duration, woken <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-woken:
	case <-ctx.Done():
	}
}

// Woken receives when wake has been called.
func (r *Relay) Woken() <-chan struct{} { return r.wakeUp }

// Wake makes the relay look at the outbox; it never waits.
func (r *Relay) Wake() {
	select {
	case r.wakeUp <- struct{}{}:
	default:
	}
}
