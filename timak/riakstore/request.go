package riakstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	riak "github.com/basho/riak-go-client"
	"github.com/cenkalti/backoff/v5"

	"github.com/timak-go/timak/timak/driver"
)

// request makes a command afresh for every time it is sent: the client's
// commands are for single use.
type request func(timeout time.Duration) (riak.Command, error)

// ask sends a request to one node after the other, until one answers or the
// time is up. Requests that may have been carried out are sent again only if
// again says so.
func (s *Store) ask(ctx context.Context, make request, again bool) (riak.Command, outcome, error) {
	if s.life.Err() != nil {
		return nil, unsent, driver.ErrClosed
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.RetryTime, errRetryTime)
	defer cancel()
	open, stop := s.whileOpen(ctx)
	defer stop()
	waits := newWaits()
	var last error
	for {
		command, result, err := s.askAll(ctx, open, make, again)
		if done(result, again) {
			return command, result, err
		}
		if last == nil || !errors.Is(err, errRetryTime) { // what a node said is worth more
			last = err
		}
		if !rest(open, waits.NextBackOff()) {
			return nil, result, s.giveUp(open, last)
		}
	}
}

// whileOpen returns a context that ends with ctx, or when the store is closed.
// What is under way then may be answered yet, so that it lasts as long as ctx;
// but nothing is tried again.
func (s *Store) whileOpen(ctx context.Context) (context.Context, func()) {
	open, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(driver.ErrClosed) })
	return open, func() {
		stop()
		cancel(nil)
	}
}

// done reports whether a request is not to be sent again.
func done(result outcome, again bool) bool {
	switch result {
	case answered, refused:
		return true
	case unsent:
		return false
	default:
		return !again
	}
}

// errRetryTime is the cause of a context that ended for Options.RetryTime.
var errRetryTime = errors.New("retry time is up")

// newWaits returns the pauses between rounds.
func newWaits() *backoff.ExponentialBackOff {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval = 10 * time.Millisecond
	waits.MaxInterval = 250 * time.Millisecond
	return waits
}

// giveUp returns the caller's own context error, or what the last node said.
func (s *Store) giveUp(ctx context.Context, last error) error {
	switch {
	case ctx.Err() == nil:
		return last
	case errors.Is(context.Cause(ctx), driver.ErrClosed):
		return fmt.Errorf("%w: %w", driver.ErrClosed, last)
	case errors.Is(context.Cause(ctx), errRetryTime):
		return fmt.Errorf("for %v: %w", s.opts.RetryTime, last)
	default:
		return ended(ctx)
	}
}

// askAll sends a request to each node once, until one answers or open ends.
func (s *Store) askAll(ctx, open context.Context, make request, again bool) (command riak.Command, result outcome, err error) {
	for _, n := range s.ring.order(s.opts.RequestTimeout) {
		command, result, err = s.askOne(ctx, n, make)
		if done(result, again) || open.Err() != nil {
			break
		}
	}
	return command, result, err
}

func (s *Store) askOne(ctx context.Context, n *node, make request) (riak.Command, outcome, error) {
	command, err := make(s.timeout(ctx))
	if err != nil {
		return nil, refused, fmt.Errorf("%w: %w", ErrMisconfigured, cause(err))
	}
	result, err := classify(n.run(ctx, command))
	switch {
	case result == answered, result == refused, result == failed:
		n.worked()
	case errors.Is(err, errBusy): // with others' requests; if they fail, they say so
	case ctx.Err() == nil: // else it was the caller who did not wait
		n.failed(err)
	}
	return command, result, err
}

// errRequestTime is the cause of a context that ended for Options.RequestTimeout.
var errRequestTime = errors.New("no answer within the request timeout")

// timeout is what Riak is told, so that it does not go on when nobody waits.
func (s *Store) timeout(ctx context.Context) time.Duration {
	timeout := s.opts.RequestTimeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline))
	}
	return max(timeout, time.Millisecond)
}

// rest waits, and reports false if ctx ends before.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
