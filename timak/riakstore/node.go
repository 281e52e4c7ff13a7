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

// node is one address, with a client of its own. A client with several nodes would
// choose among them blindly and never stop asking a hung node, so this package
// chooses.
type node struct {
	address string
	opts    *Options
	slots   chan struct{} // one for each request in progress
	workers workers
	avoid   atomic.Int64  // unix nanoseconds until which other nodes are preferred; 0 if it works
	limit   time.Duration // for close

	mu      sync.Mutex
	client  *client // nil until started, and after its connections have died
	retired sync.WaitGroup
}

func newNode(address string, opts *Options) *node {
	return &node{
		address: address, opts: opts, slots: make(chan struct{}, opts.Connections),
		limit: 2*(opts.ConnectTimeout+opts.RequestTimeout) + stopPatience, // requests wait for one another to connect
	}
}

// run sends one command and waits for its answer, until ctx ends, until is reached
// or the request timeout is over. After an error the command must not be touched:
// it may still be in progress.
func (n *node) run(ctx context.Context, command riak.Command, until time.Time) error {
	if err := n.acquire(ctx, until); err != nil {
		return err
	}
	w := n.workers.take()
	if w == nil {
		w = newWorker(n)
	}
	return w.run(ctx, command, sooner(until, n.opts.RequestTimeout))
}

// release takes back a worker whose request has ended, and its slot.
func (n *node) release(w *worker) {
	n.workers.put(w)
	<-n.slots
}

// hung reports whether the client has waited for a node for as long as the options
// allow. Callers' contexts have timeouts too, which say nothing about a node.
func hung(err error) bool {
	if err == nil {
		return false
	}
	_, connecting := errors.AsType[unreachableError](err) // not caused by a caller's context
	err = cause(err)
	if !connecting && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return false
	}
	fromNet, ok := errors.AsType[net.Error](err)
	return ok && fromNet.Timeout()
}

// errBusy is returned for a node that had no free slot within the request timeout.
// The request was not sent.
var errBusy = errors.New("the node already has as many requests as Options.Connections allows, and none ended within the request timeout")

// acquire takes a slot, which becomes free when the request ends, even if its
// caller has left earlier. So there are never more requests than connections, which
// the client would take for the loss of the node.
func (n *node) acquire(ctx context.Context, until time.Time) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	if !time.Now().Before(until) {
		return errRetryTime
	}
	select {
	case n.slots <- struct{}{}:
		return nil
	default:
		return n.awaitSlot(ctx, until)
	}
}

func (n *node) awaitSlot(ctx context.Context, until time.Time) error {
	ctx, cancel := context.WithDeadlineCause(ctx, until, errRetryTime)
	defer cancel()
	ctx, cancel = context.WithTimeoutCause(ctx, n.opts.RequestTimeout, errBusy)
	defer cancel()
	select {
	case n.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

func (n *node) execute(j *job) error {
	c, err := n.started(j)
	if err != nil {
		return err
	}
	defer c.users.Done()
	if j.left() { // another node may have been asked meanwhile
		return errLeft
	}
	err = c.execute(j.command)
	if died(err) {
		n.retire(c)
	}
	return err
}

// unreachableError is the error of a request to a node that accepts no connection.
// The request was not sent.
type unreachableError struct{ err error }

func (e unreachableError) Error() string { return e.err.Error() }
func (e unreachableError) Unwrap() error { return e.err }

// started returns the client, and starts it if the node can be reached. The caller
// must call users.Done.
func (n *node) started(j *job) (*client, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.client == nil {
		if j.left() { // while other requests tried to connect
			return nil, errLeft
		}
		if err := n.dial(); err != nil {
			return nil, unreachableError{err}
		}
		if j.left() { // no caller needs a connection any more
			return nil, errLeft
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

// dial checks whether the node accepts connections. It goes on after the caller has
// left; otherwise callers with short deadlines would never find out.
func (n *node) dial() error {
	conn, err := net.DialTimeout("tcp", n.address, n.opts.ConnectTimeout)
	if err != nil {
		return err
	}
	return conn.Close()
}

// retire stops a client once its last request has ended; the next request starts
// another. When one connection has died, as all do when a node restarts, the client
// would let each of the others fail a request, and then refuse requests for a
// while.
func (n *node) retire(c *client) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.client != c {
		return // another request has retired it
	}
	n.client = nil
	n.retired.Go(func() {
		c.users.Wait()
		_ = c.stop() // nobody is left to handle an error
	})
}

// close closes the connections once no request is in progress. If that takes longer
// than limit, close returns and closing goes on in the background.
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

// drain waits until no request is in progress, and closes the connections.
func (n *node) drain() error {
	for range cap(n.slots) {
		n.slots <- struct{}{}
	}
	n.workers.stop()
	n.retired.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.client == nil {
		return nil
	}
	return n.client.stop()
}
