package pgstore_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
)

// A network counts what passes between a pool and Postgres, and cuts connections.
type network struct {
	trips atomic.Int64 // writes that reached the server, of which each is a round trip

	// cutWrite and cutAnswer, if set, are asked about each write, and about each
	// answer that has arrived. If they return true, the connection is cut instead of
	// passing it on, and half of a write has been sent.
	cutWrite, cutAnswer atomic.Pointer[func() bool]
}

// through makes a pool use the network.
func (n *network) through(config *pgxpool.Config) {
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, kind, address string) (net.Conn, error) {
		conn, err := dial(ctx, kind, address)
		if err != nil {
			return nil, err
		}
		return &line{Conn: conn, network: n}, nil
	}
}

// line is a connection.
type line struct {
	net.Conn
	network *network
}

func (l *line) Write(b []byte) (int, error) {
	if cut := l.network.cutWrite.Load(); cut != nil && (*cut)() {
		_, _ = l.Conn.Write(b[:len(b)/2])
		return 0, l.cut()
	}
	l.network.trips.Add(1)
	return l.Conn.Write(b)
}

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if cut := l.network.cutAnswer.Load(); n > 0 && cut != nil && (*cut)() {
		return 0, l.cut()
	}
	return n, err
}

func (l *line) cut() error {
	_ = l.Close()
	return io.ErrUnexpectedEOF
}

// once returns true once.
func once() *func() bool {
	var done atomic.Bool
	once := func() bool { return done.CompareAndSwap(false, true) }
	return &once
}

// oneIn returns true for each nth call.
func oneIn(n int64) *func() bool {
	var calls atomic.Int64
	nth := func() bool { return calls.Add(1)%n == 0 }
	return &nth
}
