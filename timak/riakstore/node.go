package riakstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"sync/atomic"
	"time"

	riak "github.com/basho/riak-go-client"
)

// node is one address, with a client of its own. The client's cluster of many
// nodes would choose among them blindly: it never takes a hung node out of
// turn, and spins for ever if its very first command finds none that answers.
// So a node is started only after its address took a connection, and the choice
// is ours.
type node struct {
	address string
	opts    *Options
	slots   chan struct{} // one for each request under way
	avoid   atomic.Int64  // unix nanoseconds until which others are preferred

	mu      sync.Mutex
	cluster *riak.Cluster // nil until started
}

func newNode(address string, opts *Options) *node {
	return &node{address: address, opts: opts, slots: make(chan struct{}, opts.Connections)}
}

// run sends one command and waits for its answer, for at most as long as ctx
// lasts. The command must not be touched after an error: it may still be under
// way.
func (n *node) run(ctx context.Context, command riak.Command) error {
	select {
	case n.slots <- struct{}{}:
	case <-ctx.Done():
		return ended(ctx)
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-n.slots }()
		done <- n.execute(ctx, command)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ended(ctx)
	}
}

// execute runs in a goroutine of its own, since the client knows no contexts.
func (n *node) execute(ctx context.Context, command riak.Command) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("riak client: panic: %v", r)
		}
	}()
	cluster, err := n.started(ctx)
	if err != nil {
		return err
	}
	return cluster.Execute(command)
}

// unreachableError is what comes of a request to a node that takes no
// connection: it was not sent.
type unreachableError struct{ err error }

func (e unreachableError) Error() string { return e.err.Error() }
func (e unreachableError) Unwrap() error { return e.err }

// started returns the client, which it starts when the node can be reached.
func (n *node) started(ctx context.Context) (*riak.Cluster, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cluster != nil {
		return n.cluster, nil
	}
	if err := n.dial(ctx); err != nil {
		return nil, unreachableError{err}
	}
	cluster, err := n.start()
	if err != nil {
		return nil, unreachableError{err}
	}
	n.cluster = cluster
	return cluster, nil
}

func (n *node) dial(ctx context.Context) error {
	dialer := net.Dialer{Timeout: n.opts.ConnectTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", n.address)
	if err != nil {
		return err
	}
	return conn.Close()
}

const (
	idleTimeout = 10 * time.Second
	// A node whose connections have died is asked again after this time: the
	// client's default, but not less often than our own retries.
	healthCheck = 125 * time.Millisecond
)

func (n *node) start() (*riak.Cluster, error) {
	options := &riak.NodeOptions{
		RemoteAddress:       n.address,
		MinConnections:      1,
		MaxConnections:      uint16(2 * n.opts.Connections), // the client counts one that is full as lost
		IdleTimeout:         idleTimeout,
		ConnectTimeout:      n.opts.ConnectTimeout,
		RequestTimeout:      n.opts.RequestTimeout,
		HealthCheckInterval: healthCheck,
	}
	if n.opts.TLS != nil {
		options.AuthOptions = &riak.AuthOptions{User: n.opts.User, Password: n.opts.Password, TlsConfig: n.opts.TLS}
	}
	client, err := riak.NewNode(options)
	if err != nil {
		return nil, err
	}
	cluster, err := riak.NewCluster(&riak.ClusterOptions{Nodes: []*riak.Node{client}, ExecutionAttempts: 1})
	if err != nil {
		return nil, err
	}
	if err := cluster.Start(); err != nil {
		return nil, err
	}
	// The first command is the one that may spin: let it be this.
	if err := cluster.Execute(&riak.PingCommand{}); err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return cluster, nil
}

// close waits until no request is under way, and closes the connections.
func (n *node) close() error {
	for range cap(n.slots) {
		n.slots <- struct{}{}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cluster == nil {
		return nil
	}
	return n.cluster.Stop()
}

// quiet stops the client from writing to standard error.
var quiet = sync.OnceFunc(func() {
	riak.SetLogger(log.New(io.Discard, "", 0))
	riak.SetErrorLogger(log.New(io.Discard, "", 0))
})
