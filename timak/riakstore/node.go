package riakstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	riak "github.com/basho/riak-go-client"
)

// node is one address, with a client of its own. The client's cluster of many
// nodes would choose among them blindly: it never takes a hung node out of
// turn. So the choice is ours.
type node struct {
	address string
	opts    *Options
	slots   chan struct{} // one for each request under way
	avoid   atomic.Int64  // unix nanoseconds until which others are preferred; 0 if it works
	limit   time.Duration // for close

	mu      sync.Mutex
	client  *client // nil until started, and when its connections have died
	retired sync.WaitGroup
}

func newNode(address string, opts *Options) *node {
	return &node{
		address: address, opts: opts, slots: make(chan struct{}, opts.Connections),
		limit: 2*(opts.ConnectTimeout+opts.RequestTimeout) + stopPatience, // requests wait for one another to connect
	}
}

// run sends one command and waits for its answer, for at most as long as ctx
// lasts. The command must not be touched after an error: it may still be under
// way.
func (n *node) run(ctx context.Context, command riak.Command) error {
	if err := n.acquire(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, n.opts.RequestTimeout, errRequestTime)
	defer cancel()
	done := make(chan error, 1)
	go func() { // the client knows no contexts
		defer func() { <-n.slots }()
		err := n.execute(ctx, command)
		if hung(err) { // which a caller that has left does not see
			n.failed(err)
		}
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ended(ctx)
	}
}

// hung reports whether the client has waited for a node for as long as the
// options say. Callers' contexts have timeouts too, which say nothing of a node.
func hung(err error) bool {
	if err == nil {
		return false
	}
	_, connecting := errors.AsType[unreachableError](err) // without a caller's context
	err = cause(err)
	if !connecting && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return false
	}
	fromNet, ok := errors.AsType[net.Error](err)
	return ok && fromNet.Timeout()
}

// errBusy is returned for a node that had no slot free within the request
// timeout: the request was not sent.
var errBusy = errors.New("as many requests as Options.Connections allows are under way, and none has ended within the request timeout")

// acquire takes a slot, which the request frees when it has ended: later than
// its caller, if that does not wait. So requests never outnumber connections,
// which the client would take for the loss of the node.
func (n *node) acquire(ctx context.Context) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, n.opts.RequestTimeout, errBusy)
	defer cancel()
	select {
	case n.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

func (n *node) execute(ctx context.Context, command riak.Command) error {
	c, err := n.started(ctx)
	if err != nil {
		return err
	}
	defer c.users.Done()
	if ctx.Err() != nil { // nobody waits any more, and another node may have been asked
		return ended(ctx)
	}
	err = c.execute(command)
	if died(err) {
		n.retire(c)
	}
	return err
}

// unreachableError is what comes of a request to a node that takes no
// connection: it was not sent.
type unreachableError struct{ err error }

func (e unreachableError) Error() string { return e.err.Error() }
func (e unreachableError) Unwrap() error { return e.err }

// started returns the client, which it starts when the node can be reached. The
// caller ends its use with users.Done.
func (n *node) started(ctx context.Context) (*client, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.client == nil {
		if ctx.Err() != nil { // others have tried to connect for so long
			return nil, ended(ctx)
		}
		if err := n.dial(); err != nil {
			return nil, unreachableError{err}
		}
		if ctx.Err() != nil { // nobody waits for a connection any more
			return nil, ended(ctx)
		}
		c, err := startClient(n.address, n.opts)
		if err != nil {
			return nil, unreachableError{err}
		}
		n.client = c
	}
	n.client.users.Add(1)
	return n.client, nil
}

// dial sees whether the node takes connections. It goes on when the caller does
// not wait, or nobody who is in a hurry would ever find out.
func (n *node) dial() error {
	conn, err := net.DialTimeout("tcp", n.address, n.opts.ConnectTimeout)
	if err != nil {
		return err
	}
	return conn.Close()
}

// retire stops a client when its last request has ended; the next request
// starts another. When one connection has died, as all do when a node restarts,
// the client would let each of the others fail a request, and then refuse
// requests for a while.
func (n *node) retire(c *client) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.client != c {
		return // another request has done so
	}
	n.client = nil
	n.retired.Go(func() {
		c.users.Wait()
		_ = c.stop() // nobody is left who could do anything about it
	})
}

// close closes the connections when no request is under way. When it has waited
// for long enough, it goes on to do so by itself.
func (n *node) close() error {
	closed := make(chan error, 1)
	go func() { closed <- n.drain() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(n.limit):
		return fmt.Errorf("riak node %s: connections remain: requests have not ended within %v", n.address, n.limit)
	}
}

// drain waits until no request is under way, and closes the connections.
func (n *node) drain() error {
	for range cap(n.slots) {
		n.slots <- struct{}{}
	}
	n.retired.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.client == nil {
		return nil
	}
	return n.client.stop()
}
