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

// request makes a new command every time it is sent: the client's commands can be
// used only once.
type request func(timeout time.Duration) (riak.Command, error)

// ask sends a request to one node after the other, until one answers or the time is
// up. Requests that may have been carried out are sent again only if again is true.
// There is no context for the time or for the store's life: most requests are
// answered at once, and need not pay for the timers.
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
		if last == nil || !errors.Is(err, errRetryTime) { // a node's own error tells more
			last = err
		}
		if !s.rest(ctx, until, waits.next()) {
			return nil, result, s.giveUp(ctx, until, last)
		}
	}
}

// until returns the time after which a call that begins now is not retried.
func (s *Store) until() time.Time { return time.Now().Add(s.opts.RetryTime) }

// over reports whether a request must not be retried: its time is up, or the store
// is closed. A request in progress may still be answered.
func (s *Store) over(ctx context.Context, until time.Time) bool {
	return ctx.Err() != nil || s.life.Err() != nil || !time.Now().Before(until)
}

// done reports whether a request must not be sent again.
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

// errRetryTime ends a call after Options.RetryTime.
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

// giveUp returns the context's error if the caller's context has ended, and else
// what the last node said.
func (s *Store) giveUp(ctx context.Context, until time.Time, last error) error {
	switch {
	case ctx.Err() != nil:
		return ended(ctx)
	case s.life.Err() != nil:
		return gaveUpError{fmt.Errorf("%w: %w", driver.ErrClosed, last), last}
	case !time.Now().Before(until):
		return gaveUpError{fmt.Errorf("for %v: %w", s.opts.RetryTime, last), last}
	default:
		return last
	}
}

// gaveUpError is an error of giveUp that says why the call ended.
type gaveUpError struct{ all, last error }

func (e gaveUpError) Error() string { return e.all.Error() }
func (e gaveUpError) Unwrap() error { return e.all }

// lastError returns what the last node said, without why the call ended.
func lastError(err error) error {
	if gaveUp, ok := errors.AsType[gaveUpError](err); ok {
		return gaveUp.last
	}
	return err
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
	case errors.Is(err, errBusy): // with other requests, which report their own failures
	case ctx.Err() == nil && !errors.Is(err, errRetryTime): // otherwise the caller did not wait long enough
		n.failed(err)
	}
	return command, result, err
}

// A term is the time at which a request must end, and the reason.
type term struct {
	until time.Time
	why   error
}

// sooner returns the term of one request in a call that lasts until a given time.
func sooner(until time.Time, requestTimeout time.Duration) term {
	if own := time.Now().Add(requestTimeout); own.Before(until) {
		return term{own, errRequestTime}
	}
	return term{until, errRetryTime}
}

// errRequestTime ends a request after Options.RequestTimeout.
var errRequestTime = errors.New("no answer within the request timeout")

// timeout is the timeout sent to Riak, so that it does not go on when nobody waits.
func (s *Store) timeout(ctx context.Context, until time.Time) time.Duration {
	timeout := min(s.opts.RequestTimeout, time.Until(until))
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline))
	}
	return max(timeout, time.Millisecond)
}

// rest waits, and returns false if the call is over afterwards.
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
