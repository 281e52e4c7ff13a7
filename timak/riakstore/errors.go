package riakstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/driver"
)

// ErrTooManySiblings is returned when Riak refuses a value because a hundred
// siblings are there already: their writers do not read before they write, or
// the bucket type has no dotted version vectors. A write that has read all of
// them gets through.
var ErrTooManySiblings = errors.New("too many siblings")

// ErrMisconfigured is returned by Open for a bucket type that would lose data,
// and by requests that the cluster will never take as they are: a bucket type
// that is gone, a quorum above its n_val, a refused user.
var ErrMisconfigured = errors.New("riak is not set up for timelines")

// outcome is what an error says of a request.
type outcome uint8

const (
	answered outcome = iota // no error
	refused                 // the same request never works
	unsent                  // it was not carried out: it can be sent again
	unknown                 // it may have been carried out
	failed                  // too few replicas took part; some may have carried it out
)

// cause returns what lies under the client's wrapping, which errors.As does not
// see through.
func cause(err error) error {
	var client riak.ClientError
	for errors.As(err, &client) && client.InnerError != nil {
		err = client.InnerError
	}
	return err
}

// classify says what became of a request, with the error that callers can
// branch on.
func classify(err error) (outcome, error) {
	if err == nil {
		return answered, nil
	}
	err = cause(err)
	if fromRiak, ok := errors.AsType[riak.RiakError](err); ok {
		return classifyRiak(fromRiak)
	}
	var fromNet *net.OpError
	var fromClient riak.ClientError
	var fromNode unreachableError
	switch {
	case errors.As(err, &fromNode), errors.As(err, &fromNet) && fromNet.Op == "dial", errors.As(err, &fromClient):
		return unsent, fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	default:
		return unknown, fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	}
}

// The texts by which Riak says what is wrong; its error codes are all zero.
var (
	notNow        = []string{"overload", "insufficient_vnodes", "all_nodes_down", "coord_handoff_failed", "precommit_fail"}
	misconfigured = []string{"n_val_violation", "_val_violation", "no_type", "Invalid bucket type", "cannot be zero-length", "Security", "security", "Authentication", "ermission"}
)

func classifyRiak(err riak.RiakError) (outcome, error) {
	text := err.Errmsg
	switch {
	case strings.Contains(text, "too_large"):
		return refused, fmt.Errorf("%w: %w", driver.ErrTooLarge, err)
	case strings.Contains(text, "too_many_siblings"):
		return refused, fmt.Errorf("%w: %w", ErrTooManySiblings, err)
	case strings.Contains(text, "unsatisfied"):
		return failed, fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	case containsAny(text, notNow):
		return unsent, fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	case containsAny(text, misconfigured):
		return refused, fmt.Errorf("%w: %w", ErrMisconfigured, err)
	default: // a timeout within Riak, or what we have not met yet
		return unknown, fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	}
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// ended reports whether ctx has ended, as the error to return.
func ended(ctx context.Context) error { return context.Cause(ctx) }
