package world

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Network is the way to a server of Postgres. It counts the round trips that are made on
// it, and takes its time for each. Its methods may be called from any number of
// goroutines.
type Network struct {
	DSN string // of the database, by way of the network

	listener        net.Listener
	network, server string
	took            time.Duration
	trips           atomic.Int64
	group           sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// NewNetwork returns a way to the database of a DSN, which ends when t does. Each trip
// takes some time more than on the machine itself.
func NewNetwork(t testing.TB, dsn string, took time.Duration) *Network {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{listener: listener, took: took}
	n.network, n.server = pgconn.NetworkAddress(config.Host, config.Port)
	at := listener.Addr().(*net.TCPAddr)
	n.DSN = elsewhere(dsn, at.Port)
	n.group.Go(n.serve)
	t.Cleanup(func() {
		_ = listener.Close()
		n.mu.Lock()
		for _, conn := range n.conns {
			_ = conn.Close()
		}
		n.mu.Unlock()
		n.group.Wait()
	})
	return n
}

// elsewhere returns a DSN with another port of this machine.
func elsewhere(dsn string, port int) string {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return fmt.Sprintf("%s host=127.0.0.1 port=%d sslmode=disable", dsn, port) // the last ones count
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	query := u.Query()
	query.Set("sslmode", "disable")
	u.Host, u.RawQuery = fmt.Sprintf("127.0.0.1:%d", port), query.Encode()
	return u.String()
}

// Trips returns how many round trips have been made.
func (n *Network) Trips() int64 { return n.trips.Load() }

func (n *Network) serve() {
	for {
		client, err := n.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(n.network, n.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		n.mu.Lock()
		n.conns = append(n.conns, client, server)
		n.mu.Unlock()
		n.group.Go(func() {
			_ = n.requests(client, server)
			_ = server.Close()
		})
		n.group.Go(func() {
			_, _ = io.Copy(client, server)
			_ = client.Close()
		})
	}
}

// requests passes the client's messages on. A trip ends with a message that the client
// waits for an answer to: a query, or the end of a group of messages.
func (n *Network) requests(client, server net.Conn) error {
	in := bufio.NewReaderSize(client, 1<<16)
	if err := passMessage(in, server, 0); err != nil { // the first one has no type
		return err
	}
	for {
		kind, err := in.Peek(1)
		if err != nil {
			return err
		}
		if waits := kind[0] == 'Q' || kind[0] == 'S'; waits {
			n.trips.Add(1)
			time.Sleep(n.took)
		}
		if err := passMessage(in, server, 1); err != nil {
			return err
		}
	}
}

var errMessage = errors.New("a message of Postgres is shorter than its head")

// passMessage passes on a message that begins with some bytes, and then its length.
func passMessage(in *bufio.Reader, out io.Writer, before int) error {
	head, err := in.Peek(before + 4)
	if err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(head[before:])
	if length < 4 {
		return errMessage
	}
	_, err = io.CopyN(out, in, int64(before)+int64(length))
	return err
}
