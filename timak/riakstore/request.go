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
// again says so. No context is made for the time, nor for the store's own life:
// most requests are answered at once, and would pay for their timers.
func (s *Store) ask(ctx context.Context, until time.Time, make request, again bool) (riak.Command, outcome, error) {
	if s.life.Err() != nil {
		return nil, unsent, driver.ErrClosed
	}
	var waits waits
	var last error
	for {
		command, result, err := s.askAll(ctx, until, make, again)
		if done(result, again) {
			return command, result, err
		}
		if last == nil || !errors.Is(err, errRetryTime) { // what a node said is worth more
			last = err
		}
		if !s.rest(ctx, until, waits.next()) {
			return nil, result, s.giveUp(ctx, until, last)
		}
	}
}

// until returns when a call that begins now is not to be tried again.
func (s *Store) until() time.Time { return time.Now().Add(s.opts.RetryTime) }

// over reports whether a request is not to be tried again: the time is up, or the
// store is closed. What is under way then may be answered yet.
func (s *Store) over(ctx context.Context, until time.Time) bool {
	return ctx.Err() != nil || s.life.Err() != nil || !time.Now().Before(until)
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

// errRetryTime is what ended a call for Options.RetryTime.
var errRetryTime = errors.New("retry time is up")

// waits are the pauses between rounds. Most requests need none.
type waits struct{ *backoff.ExponentialBackOff }

func (w *waits) next() time.Duration {
	if w.ExponentialBackOff == nil {
		w.ExponentialBackOff = backoff.NewExponentialBackOff()
		w.InitialInterval = 10 * time.Millisecond
		w.MaxInterval = 250 * time.Millisecond
	}
	return w.NextBackOff()
}

// giveUp returns the caller's own context error, or what the last node said.
func (s *Store) giveUp(ctx context.Context, until time.Time, last error) error {
	switch {
	case ctx.Err() != nil:
		return ended(ctx)
	case s.life.Err() != nil:
		return fmt.Errorf("%w: %w", driver.ErrClosed, last)
	case !time.Now().Before(until):
		return fmt.Errorf("for %v: %w", s.opts.RetryTime, last)
	default:
		return last
	}
}

// askAll sends a request to each node once, until one answers or it is over.
func (s *Store) askAll(ctx context.Context, until time.Time, make request, again bool) (command riak.Command, result outcome, err error) {
	for _, n := range s.ring.order(s.opts.RequestTimeout) {
		command, result, err = s.askOne(ctx, until, n, make)
		if done(result, again) || s.over(ctx, until) {
			break
		}
	}
	return command, result, err
}

func (s *Store) askOne(ctx context.Context, until time.Time, n *node, make request) (riak.Command, outcome, error) {
	command, err := make(s.timeout(ctx, until))
	if err != nil {
		return nil, refused, fmt.Errorf("%w: %w", ErrMisconfigured, cause(err))
	}
	result, err := classify(n.run(ctx, command, until))
	switch {
	case result == answered, result == refused, result == failed:
		n.worked()
	case errors.Is(err, errBusy): // with others' requests; if they fail, they say so
	case ctx.Err() == nil && !errors.Is(err, errRetryTime): // else it was the caller who did not wait
		n.failed(err)
	}
	return command, result, err
}

// A term is until when a request may last, and why no longer.
type term struct {
	until time.Time
	why   error
}

// sooner returns the term of one request of a call that lasts until a time.
func sooner(until time.Time, requestTimeout time.Duration) term {
	if own := time.Now().Add(requestTimeout); own.Before(until) {
		return term{own, errRequestTime}
	}
	return term{until, errRetryTime}
}

// errRequestTime is what ended a request for Options.RequestTimeout.
var errRequestTime = errors.New("no answer within the request timeout")

// timeout is what Riak is told, so that it does not go on when nobody waits.
func (s *Store) timeout(ctx context.Context, until time.Time) time.Duration {
	timeout := min(s.opts.RequestTimeout, time.Until(until))
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline))
	}
	return max(timeout, time.Millisecond)
}

// rest waits, and reports false if the call is over then.
func (s *Store) rest(ctx context.Context, until time.Time, d time.Duration) bool {
	timer := time.NewTimer(min(d, time.Until(until)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.life.Done():
	}
	return !s.over(ctx, until)
}
