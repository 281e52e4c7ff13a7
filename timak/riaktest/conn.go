package riaktest

import (
	"context"
	"errors"
	"net"
	"sync"
)

// conn is one client's connection. One goroutine reads requests and another carries
// them out, so that the end of the connection, or a second request, is noticed
// while one is in progress.
type conn struct {
	ctx    context.Context // ends with the connection
	cancel context.CancelFunc
	node   *Node
	socket net.Conn
	stream net.Conn // the socket, or TLS over it; set before there are requests

	mu   sync.Mutex // guards busy, and what is written while it changes
	busy bool
}

var errBusy = errors.New("a request while one is in progress")

func newConn(ctx context.Context, n *Node, socket net.Conn) *conn {
	ctx, cancel := context.WithCancel(ctx)
	return &conn{ctx: ctx, cancel: cancel, node: n, socket: socket, stream: socket}
}

// close ends the connection. It may be called at any time.
func (cn *conn) close() {
	cn.cancel()
	_ = cn.socket.Close() // a second close does no harm
}

// run serves the connection until it ends.
func (cn *conn) run() {
	defer cn.close()
	if !cn.admit() || !cn.secure() {
		return
	}
	requests := make(chan frame)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer cn.cancel()
		cn.refuse(cn.read(requests))
	})
	defer reading.Wait()
	defer cn.close()
	for {
		select {
		case f := <-requests:
			if !cn.handle(f) {
				return
			}
		case <-cn.ctx.Done():
			return
		}
	}
}

// read passes requests on until the connection ends or breaks the protocol.
func (cn *conn) read(requests chan<- frame) error {
	for {
		f, err := readFrame(cn.stream, cn.node.cluster.options.MaxFrame)
		if err != nil {
			return err
		}
		if !cn.begin() {
			return errBusy
		}
		select {
		case requests <- f:
		case <-cn.ctx.Done():
			return cn.ctx.Err()
		}
	}
}

// refuse tells the client why the connection ends, in the cases where Riak does.
func (cn *conn) refuse(err error) {
	switch {
	case errors.Is(err, errBusy):
		cn.send(errorFrame("Cannot send another request while one is in progress").encode())
	case errors.Is(err, errLongFrame):
		cn.send(errorFrame("Invalid message packet, reason: invalid").encode())
	}
}

// begin marks the connection as having a request in progress. It returns false if
// there already is one.
func (cn *conn) begin() bool {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	if cn.busy {
		return false
	}
	cn.busy = true
	return true
}

// send writes to the client. Errors are ignored: the client is gone.
func (cn *conn) send(b []byte) {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	_, _ = cn.stream.Write(b) // the next read fails too
}

// answer writes the reply that ends the request in progress.
func (cn *conn) answer(b []byte) {
	cn.mu.Lock()
	cn.busy = false
	cn.mu.Unlock()
	cn.send(b)
}

// admit accepts a new connection, unless a fault decides otherwise.
func (cn *conn) admit() bool {
	cn.node.countRequest(Connect)
	return cn.node.cluster.faults.match(cn.node, Connect, Key{}).before(cn.ctx)
}
