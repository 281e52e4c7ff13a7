package riaktest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Node is one node of a cluster. Its methods may be called from any number of
// goroutines.
type Node struct {
	cluster *Cluster
	index   int
	address string // set once it has listened

	life    sync.Mutex // held while the node starts or stops
	serving sync.WaitGroup

	// The cluster's lock guards these.
	up       bool
	side     int // of a network partition
	lagging  bool
	ctx      context.Context // ends when the node stops
	cancel   context.CancelFunc
	listener net.Listener // nil while connections are refused
	conns    map[*conn]struct{}
	requests [kinds]int
}

// Address returns where the node listens, as numeric host:port.
func (n *Node) Address() string {
	return n.address
}

// Stop kills the node: its port refuses connections, its connections are dead, and
// the other nodes replace its replicas by fallbacks. Its replicas keep what they
// hold. Stopping a stopped node does nothing.
func (n *Node) Stop() {
	n.life.Lock()
	defer n.life.Unlock()
	n.cluster.mu.Lock()
	if n.up {
		n.up = false
		n.cancel()
	}
	n.cluster.mu.Unlock()
	n.shut()
	n.hangUp()
	n.serving.Wait()
}

// Start starts a stopped node again, on its old port and with its old data, and
// makes fallbacks hand over what they took for it. Starting a running node only
// makes it listen again after Refuse.
func (n *Node) Start() error {
	if err := n.open(); err != nil {
		return fmt.Errorf("riaktest: start: %w", err)
	}
	n.cluster.handoffLater()
	return nil
}

// Restart is Stop and Start: every connection that the node had is dead.
func (n *Node) Restart() error {
	n.Stop()
	return n.Start()
}

// Refuse makes the node's port refuse new connections until Start. Existing
// connections go on, and the other nodes still see the node as up.
func (n *Node) Refuse() {
	n.life.Lock()
	defer n.life.Unlock()
	n.shut()
}

// Disconnect closes the node's connections. It accepts new ones.
func (n *Node) Disconnect() {
	n.hangUp()
}

// open marks the node as up and listens.
func (n *Node) open() error {
	n.life.Lock()
	defer n.life.Unlock()
	c := n.cluster
	c.mu.Lock()
	listening, closed := n.listener != nil, c.closed
	c.mu.Unlock()
	if closed {
		return errClosed
	}
	if listening {
		return nil
	}
	listener, err := n.listen()
	if err != nil {
		return err
	}
	if n.address == "" {
		n.address = listener.Addr().String()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n.listener = listener
	if !n.up {
		n.up = true
		n.conns = map[*conn]struct{}{}
		n.ctx, n.cancel = context.WithCancel(context.Background())
	}
	n.serving.Go(func() { n.accept(n.ctx, listener) })
	return nil
}

// listen listens on the node's port, or at first on any.
func (n *Node) listen() (net.Listener, error) {
	if n.address == "" {
		return listenAnywhere()
	}
	return listenAgain(n.address)
}

// listenAnywhere listens on a port below those that systems give to outgoing connections:
// one of these could take the port of a node while that is down.
func listenAnywhere() (listener net.Listener, err error) {
	const first, last, tries = 10_000, 32_000, 100
	for range tries {
		if listener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(last-first))); err == nil {
			return listener, nil
		}
	}
	return nil, err
}

// listenAgain listens, and waits for a port that is in use for a moment.
func listenAgain(address string) (net.Listener, error) {
	const patience, step = 5 * time.Second, 10 * time.Millisecond
	for waited := time.Duration(0); ; waited += step {
		listener, err := net.Listen("tcp", address)
		if err == nil || waited >= patience {
			return listener, err
		}
		time.Sleep(step)
	}
}

// shut closes the port.
func (n *Node) shut() {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	if n.listener != nil {
		_ = n.listener.Close() // it was listening
		n.listener = nil
	}
}

// hangUp closes all connections.
func (n *Node) hangUp() {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	for cn := range n.conns {
		cn.close()
	}
}

// accept serves connections until the listener closes.
func (n *Node) accept(ctx context.Context, listener net.Listener) {
	for {
		socket, err := listener.Accept()
		switch {
		case err == nil:
			n.serve(ctx, socket)
		case errors.Is(err, net.ErrClosed) || !sleep(ctx, time.Millisecond): // other errors are temporary
			return
		}
	}
}

// serve starts a connection, unless the node has stopped meanwhile.
func (n *Node) serve(ctx context.Context, socket net.Conn) {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	if ctx.Err() != nil {
		_ = socket.Close() // nobody has used it
		return
	}
	cn := newConn(ctx, n, socket)
	n.conns[cn] = struct{}{}
	n.serving.Go(func() {
		cn.run()
		n.cluster.mu.Lock()
		defer n.cluster.mu.Unlock()
		delete(n.conns, cn)
	})
}

// reaches reports whether the node sees the other one as up.
func (n *Node) reaches(other *Node) bool {
	return n == other || other.up && n.side == other.side
}

// delivers reports whether a write from the node reaches the other one.
func (n *Node) delivers(to *Node) bool {
	return n == to || n.reaches(to) && !to.lagging
}
