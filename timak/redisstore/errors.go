package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
)

// ErrMisconfigured is returned by Open for a server or a client that would lose data
// or read what is behind, and by calls that the server will not accept as they are:
// a wrong password, a missing permission, a key that holds something else. The error
// says what to do.
var ErrMisconfigured = errors.New("redis is not set up for timelines")

// ErrNotATimeline is returned for a key of the store that holds something else. It is
// also ErrMisconfigured.
var ErrNotATimeline = fmt.Errorf("the key holds something that is no timeline: give the store a prefix of its own (Options.Prefix): %w", ErrMisconfigured)

// classify returns an error that callers can branch on, for one that go-redis has
// returned.
func classify(err error) error {
	switch {
	case errors.Is(err, ErrMisconfigured):
		return err
	case errors.Is(err, redis.ErrClosed):
		return driver.ErrClosed
	case !fromServer(err):
		return unavailable(err)
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		return fmt.Errorf("%w: %w", ErrNotATimeline, err)
	case strings.Contains(err.Error(), "user executing the script can't"): // it has no code of its own
		return fmt.Errorf("%w: permit the user the commands hset and hmget, which the script of a mark runs: %w", ErrMisconfigured, err)
	case redis.IsAuthError(err), redis.IsPermissionError(err):
		return fmt.Errorf("%w: %w", ErrMisconfigured, err)
	default:
		return unavailable(err)
	}
}

// fromServer reports whether the server has answered, with an error.
func fromServer(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

// unavailable wraps what the server, the client or the network reported. A dial that
// took too long looks like a context's error, but the caller's context has not ended.
func unavailable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: %s", driver.ErrUnavailable, err.Error())
	}
	return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
}

// ended returns the error of a context that has ended, with the cause that its owner
// gave.
func ended(ctx context.Context) error {
	err, why := ctx.Err(), context.Cause(ctx)
	if errors.Is(why, err) {
		return why
	}
	return fmt.Errorf("%w: %w", err, why)
}
