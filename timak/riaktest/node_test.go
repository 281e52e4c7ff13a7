package riaktest_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/timak-go/timak/timak/riaktest"
)

func TestRefuse(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	n := c.Nodes()[0]
	old := dial(t, n.Address())
	eventually(t, "accepted", func() bool { return n.Connections() == 1 })
	n.Refuse()
	n.Refuse()
	expectRefused(t, n.Address())
	old.send(raw(1, nil)...)
	old.expect("ping on the old connection", "2")
	k := newKey("timelines")
	expect(t, "put elsewhere", connect(t, c.Addresses()[1]).put(k, "v1", nil, withPW(3)), "done")
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	fresh := dial(t, n.Address())
	fresh.send(raw(1, nil)...)
	fresh.expect("ping on a new connection", "2")
	old.send(raw(1, nil)...)
	old.expect("ping on the old connection", "2")
}

func expectRefused(t *testing.T, address string) {
	t.Helper()
	socket, err := net.Dial("tcp", address)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial %s: got %v, want connection refused", address, err)
	}
	if err == nil {
		_ = socket.Close() // must not be there
	}
}

func TestStopAndRestart(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	n, addresses := c.Nodes()[0], c.Addresses()
	k := newKey("timelines")
	w := dial(t, n.Address())
	w.send(putMessage(t, k, "v1")...)
	w.expect("put", "12")

	n.Stop()
	n.Stop()
	expectRefused(t, n.Address())
	w.expect("connection of a stopped node", "closed")
	if got := n.Connections(); got != 0 {
		t.Errorf("a stopped node has %d connections", got)
	}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	w = dial(t, addresses[0])
	w.send(getMessage(t, k)...)
	w.expect("get", "10")
	expectHolds(t, "restarted", c, k, "v1", "v1", "v1")

	hang := c.Inject(riaktest.Match{Kind: riaktest.Put}, riaktest.Hang())
	w.send(putMessage(t, k, "v2")...)
	eventually(t, "hangs", func() bool { return hang.Hits() == 1 })
	if err := n.Restart(); err != nil {
		t.Fatal(err)
	}
	w.expect("connection over a restart", "closed")
	hang.Remove()
	expectHolds(t, "a request that died with the node", c, k, "v1", "v1", "v1")
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	n := c.Nodes()[1]
	w := dial(t, n.Address())
	eventually(t, "accepted", func() bool { return n.Connections() == 1 })
	n.Disconnect()
	w.expect("connection", "closed")
	w = dial(t, n.Address())
	w.send(raw(1, nil)...)
	w.expect("ping", "2")
}
