package riakstore

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	riak "github.com/basho/riak-go-client"
)

// client is Riak's own client, with connections to one node.
type client struct {
	cluster *riak.Cluster
	users   sync.WaitGroup // requests in progress
}

const (
	idleTimeout = 10 * time.Second
	healthCheck = 125 * time.Millisecond // the client's default
)

// startClient connects to a node and sends a first request. Without a connection,
// the client's first request would spin forever.
func startClient(address string, opts *Options) (*client, error) {
	options := &riak.NodeOptions{
		RemoteAddress:       address,
		MinConnections:      1,
		MaxConnections:      uint16(2 * opts.Connections), // the client takes a full pool for a lost node
		IdleTimeout:         idleTimeout,
		ConnectTimeout:      opts.ConnectTimeout,
		RequestTimeout:      opts.RequestTimeout,
		HealthCheckInterval: healthCheck,
	}
	if opts.TLS != nil {
		options.AuthOptions = &riak.AuthOptions{User: opts.User, Password: opts.Password.Reveal(), TlsConfig: opts.TLS}
	}
	node, err := riak.NewNode(options)
	if err != nil {
		return nil, err
	}
	cluster, err := riak.NewCluster(&riak.ClusterOptions{Nodes: []*riak.Node{node}, ExecutionAttempts: 1})
	if err != nil {
		return nil, err
	}
	if err := cluster.Start(); err != nil {
		return nil, err
	}
	c := &client{cluster: cluster}
	if !connected(node) {
		return nil, errors.Join(errors.New("riak client: no connection"), c.stop())
	}
	if err := c.execute(&riak.PingCommand{}); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// connected reports whether a node that was just started has its one connection.
// The client logs what went wrong, and tells its caller only through the text
// address|connections|idle.
func connected(node *riak.Node) bool {
	return strings.HasSuffix(node.String(), "|1|1")
}

// execute sends a command and waits for its answer.
func (c *client) execute(command riak.Command) (err error) {
	defer func() {
		if r := recover(); r != nil { // an answer without a code
			err = fmt.Errorf("riak client: panic: %v", r)
		}
	}()
	return c.cluster.Execute(command)
}

// died reports whether err means that connections to the node are lost. After a
// timeout, the client closes only the connection that it happened on.
func died(err error) bool {
	if err == nil {
		return false
	}
	err = cause(err)
	if _, fromRiak := errors.AsType[riak.RiakError](err); fromRiak {
		return false
	}
	fromNet, ok := errors.AsType[net.Error](err)
	return !ok || !fromNet.Timeout()
}

// stopDelay lets a health check that has just begun reach the point where it waits.
// The client reads its state without a lock if it is stopped before that.
const stopDelay = 20 * time.Millisecond

// stopPatience is how long a client may take to close its connections.
const stopPatience = 5 * time.Second

// stop closes the connections; no request may be in progress. The client takes two
// locks in one order here and in the opposite order when it closes idle
// connections, so this may block forever.
func (c *client) stop() error {
	time.Sleep(stopDelay)
	stopped := make(chan error, 1)
	go func() { stopped <- c.close() }()
	select {
	case err := <-stopped:
		return err
	case <-time.After(stopPatience):
		return errors.New("riak client: did not stop")
	}
}

func (c *client) close() error {
	// Stop panics if a health check has marked the node as running meanwhile; its
	// connections are closed by then.
	defer func() { _ = recover() }()
	return c.cluster.Stop()
}

// quiet stops the client from writing to standard error.
var quiet = sync.OnceFunc(func() {
	riak.SetLogger(log.New(io.Discard, "", 0))
	riak.SetErrorLogger(log.New(io.Discard, "", 0))
})
