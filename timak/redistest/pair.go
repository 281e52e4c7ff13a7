package redistest

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Pair is a master and its replica, which takes over when a test says so. The replica
// learns of nothing but by Replicate.
type Pair struct {
	master, replica *Server
	link            *Proxy
	current         atomic.Pointer[Server]
}

// NewPair starts a master and a replica, which end when t does. NewPair skips t if there
// is no Redis.
func NewPair(t testing.TB, settings ...string) *Pair {
	t.Helper()
	p := &Pair{master: NewServer(t, settings...)}
	p.current.Store(p.master)
	p.Replicate(t) // a master that gets its first replica has a new history
	return p
}

// Dial connects to the one that is the master now, whatever the address. It is for the
// Dialer of a client's options.
func (p *Pair) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", p.current.Load().Address())
}

// Replicate brings the replica up to what the master has.
func (p *Pair) Replicate(t testing.TB) {
	t.Helper()
	if p.replica == nil {
		p.follow(t)
	}
	p.link.Mend()
	defer p.link.Cut()
	p.master.AwaitReplica(t)
}

// follow starts a replica of the master.
func (p *Pair) follow(t testing.TB) {
	t.Helper()
	p.link = NewProxy(t, p.master.Address())
	host, port, err := net.SplitHostPort(p.link.Address())
	if err != nil {
		t.Fatal(err)
	}
	p.replica = NewServer(t, "replicaof "+host+" "+port)
}

// FailOver kills the master and puts the replica in its place. Clients that use Dial find
// it there.
func (p *Pair) FailOver(t testing.TB) {
	t.Helper()
	if err := p.master.Kill(); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: p.replica.Address()})
	defer func() { _ = client.Close() }()
	if err := client.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	p.current.Store(p.replica)
	p.master, p.replica = p.replica, nil
}
