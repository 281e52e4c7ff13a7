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

// ErrTooManySiblings is returned when Riak refuses a value because the key already
// has a hundred siblings: its writers do not read before they write, or the bucket
// type has no dotted version vectors. A write that has read all of them succeeds.
var ErrTooManySiblings = errors.New("too many siblings")

// ErrMisconfigured is returned by Open for a bucket type that would lose data, and
// by requests that the cluster will never accept as they are: a missing bucket
// type, a quorum above its n_val, a refused user.
var ErrMisconfigured = errors.New("riak is not set up for timelines")

// outcome is what an error tells about a request.
type outcome uint8

const (
	answered outcome = iota // no error
	refused                 // repeating the request never helps
	unsent                  // it was not carried out and can be sent again
	unknown                 // the answer was lost; it may have been carried out
	unsure                  // Riak cannot tell; some replicas may have carried it out, or none
	failed                  // too few replicas took part; some may have carried it out
)

// cause returns the error inside the client's wrapping, which errors.As cannot see
// through.
func cause(err error) error {
	var client riak.ClientError
	for errors.As(err, &client) && client.InnerError != nil {
		err = client.InnerError
	}
	return err
}

// classify returns the outcome of a request, with an error that callers can branch
// on.
func classify(err error) (outcome, error) {
	if err == nil {
		return answered, nil
	}
	err = cause(err)
	if fromRiak, ok := errors.AsType[riak.RiakError](err); ok {
		return classifyRiak(fromRiak)
	}
	if neverSent(err) {
		return unsent, unavailable(err)
	}
	return unknown, unavailable(err)
}

// neverSent reports whether a request ended before anything was sent to its node.
func neverSent(err error) bool {
	if _, ok := errors.AsType[unreachableError](err); ok || errors.Is(err, errBusy) {
		return true
	}
	if fromNet, ok := errors.AsType[*net.OpError](err); ok && fromNet.Op == "dial" {
		return true
	}
	return errors.Is(err, riak.ErrConnMgrAllConnectionsInUse) || errors.Is(err, errNoNodes)
}

// errNoNodes is what the client returns while it waits for a node to recover.
var errNoNodes error = riak.ClientError{Errmsg: riak.ErrClusterNoNodesAvailable}

// unavailable wraps what a node or the network reported. A dial that took too long
// looks like a context's error, but the caller's context has not ended.
func unavailable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: %s", driver.ErrUnavailable, err.Error())
	}
	return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
}

// The texts by which Riak says what is wrong; its error codes are all zero. An
// overload is not among notNow, the errors from before anything is stored: some
// replicas may have been less busy than others.
var (
	security      = []string{"Security ", "Authentication failed", "Permission denied", "Invalid bucket type"} // these repeat names
	notNow        = []string{"insufficient_vnodes", "all_nodes_down", "coord_handoff_failed", "precommit_fail"}
	misconfigured = []string{"_val_violation", "no_type", "cannot be zero-length"}
)

func classifyRiak(err riak.RiakError) (outcome, error) {
	text := err.Errmsg
	switch {
	case containsAny(text, security):
		return refused, fmt.Errorf("%w: %w", ErrMisconfigured, err)
	case strings.Contains(text, "too_large"):
		return refused, fmt.Errorf("%w: %w", driver.ErrTooLarge, err)
	case strings.Contains(text, "too_many_siblings"):
		return refused, fmt.Errorf("%w: %w", ErrTooManySiblings, err)
	case strings.Contains(text, "unsatisfied"):
		return failed, unavailable(err)
	case containsAny(text, notNow):
		return unsent, unavailable(err)
	case containsAny(text, misconfigured):
		return refused, fmt.Errorf("%w: %w", ErrMisconfigured, err)
	default: // a timeout within Riak, or an error we do not know
		return unsure, unavailable(err)
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

// ended returns the error of a context that has ended: ctx.Err() with the cause
// that its owner gave, or the time limit if it was one of the store's.
func ended(ctx context.Context) error {
	err, why := ctx.Err(), context.Cause(ctx)
	if ours(why) || errors.Is(why, err) {
		return why
	}
	return fmt.Errorf("%w: %w", err, why)
}

// ours reports whether a context ended because of one of the store's own limits.
func ours(why error) bool {
	return errors.Is(why, errRetryTime) || errors.Is(why, errRequestTime) || errors.Is(why, errBusy)
}
