package riakstore

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"

	riak "github.com/basho/riak-go-client"
)

// TestOutcomes: only what was certainly not sent may be sent again without a look.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	wrapped := func(err error) error {
		return riak.ClientError{Errmsg: riak.ErrClusterNoNodesAvailable, InnerError: err}
	}
	for _, test := range []struct {
		err  error
		want outcome
	}{
		{nil, answered},
		{wrapped(nil), unsent},
		{wrapped(riak.ErrConnMgrAllConnectionsInUse), unsent},
		{wrapped(&net.OpError{Op: "dial", Err: io.EOF}), unsent},
		{unreachableError{io.EOF}, unsent},
		{errBusy, unsent},
		{wrapped(io.EOF), unknown},
		{wrapped(&net.OpError{Op: "read", Err: io.EOF}), unknown},
		{wrapped(&net.OpError{Op: "write", Err: io.EOF}), unknown},
		{wrapped(riak.ClientError{Errmsg: "expected response code 12, got: 10"}), unknown},
		{wrapped(riak.RiakError{Errmsg: "overload"}), unsure},
		{wrapped(riak.RiakError{Errmsg: "timeout"}), unsure},
		{wrapped(riak.RiakError{Errmsg: "all_nodes_down"}), unsent},
		{wrapped(riak.RiakError{Errmsg: "{dw_val_unsatisfied,2,1}"}), failed},
		{wrapped(riak.RiakError{Errmsg: "{too_large,1}"}), refused},
		{errRequestTime, unknown},
		{errors.New("riak client: panic"), unknown},
	} {
		if got, _ := classify(test.err); got != test.want {
			t.Errorf("%v: got %d, want %d", test.err, got, test.want)
		}
	}
}

// TestHung: a node counts as hung because of the client's own timeouts, not because
// of those of callers.
func TestHung(t *testing.T) {
	t.Parallel()
	wrapped := func(err error) error { return riak.ClientError{InnerError: err} }
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{wrapped(&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}), true},
		{unreachableError{wrapped(&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded})}, true},
		{unreachableError{&net.OpError{Op: "dial", Err: context.DeadlineExceeded}}, true}, // as in the net package
		{unreachableError{&net.OpError{Op: "dial", Err: io.EOF}}, false},
		{wrapped(io.EOF), false},
		{wrapped(riak.RiakError{Errmsg: "timeout"}), false},
		{context.DeadlineExceeded, false},
		{context.Canceled, false},
		{errRequestTime, false},
	} {
		if got := hung(test.err); got != test.want {
			t.Errorf("%v: got %v, want %v", test.err, got, test.want)
		}
	}
}

// TestHandshakeOfNobody: a handshake that ran out of time is not a TLS
// misconfiguration.
func TestHandshakeOfNobody(t *testing.T) {
	t.Parallel()
	for _, err := range []error{context.Canceled, context.DeadlineExceeded} {
		if got := classifyHandshake(err); errors.Is(got, ErrMisconfigured) || !errors.Is(got, err) {
			t.Errorf("%v: got %v", err, got)
		}
	}
}
