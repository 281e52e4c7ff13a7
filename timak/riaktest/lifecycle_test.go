package riaktest_test

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/riaktest"
)

// goroutines returns the stacks of goroutines that run methods of the package.
func goroutines() []string {
	buf := make([]byte, 4<<20)
	var out []string
	for stack := range bytes.SplitSeq(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
		if bytes.Contains(stack, []byte("timak/riaktest.(*")) {
			out = append(out, string(stack))
		}
	}
	return out
}

// Not parallel, as it looks at the whole process.
func TestCloseLeavesNothing(t *testing.T) {
	if left := goroutines(); len(left) > 0 {
		t.Fatalf("before:\n%s", strings.Join(left, "\n\n"))
	}
	c, err := riaktest.New(&riaktest.Options{ReapAfter: time.Hour, HandoffAfter: time.Hour, Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	busy(t, c)
	c.Close()
	c.Close()
	if left := goroutines(); len(left) > 0 {
		t.Errorf("left:\n%s", strings.Join(left, "\n\n"))
	}
	for _, address := range c.Addresses() {
		expectRefused(t, address)
	}
	if err := c.Nodes()[0].Start(); err == nil {
		t.Error("a node of a closed cluster started")
	}
	c.Heal()
	c.Reap()
	c.Handoff()
}

// busy leaves a cluster with every kind of long operation in progress.
func busy(t *testing.T, c *riaktest.Cluster) {
	t.Helper()
	nodes := c.Nodes()
	hang := c.Inject(riaktest.Match{Key: "hang"}, riaktest.Hang())
	dial(t, nodes[0].Address()).send(putMessage(t, riaktest.Key{Bucket: "b", Key: "hang"}, "v")...)
	delay := c.Inject(riaktest.Match{Key: "delay"}, riaktest.Delay(time.Hour))
	dial(t, nodes[0].Address()).send(putMessage(t, riaktest.Key{Bucket: "b", Key: "delay"}, "v")...)
	accepted := c.Inject(riaktest.Match{Node: nodes[2], Kind: riaktest.Connect}, riaktest.Hang())
	dial(t, nodes[2].Address())

	k := newKey("timelines")
	client := connect(t, nodes[0].Address())
	expect(t, "put", client.put(k, "v", nil), "done")
	expect(t, "delete", client.del(k, nil), "done")
	if err := nodes[1].Restart(); err != nil { // starts a handoff
		t.Fatal(err)
	}
	nodes[1].Lag()
	nodes[2].Lag()
	waits := newKey("timelines")
	dial(t, nodes[0].Address()).send(putMessage(t, waits, "v")...)
	eventually(t, "all under way", func() bool {
		return hang.Hits() == 1 && delay.Hits() == 1 && accepted.Hits() == 1 && len(c.Siblings(waits)) == 1
	})
}

// A client that does not read its replies does not keep a node from stopping.
func TestStopWhileAReplyIsStuck(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	expect(t, "put", connect(t, c.Addresses()[0]).put(k, strings.Repeat("x", 8<<20), nil), "done")
	w := dial(t, c.Addresses()[0])
	if err := w.socket.(*net.TCPConn).SetReadBuffer(1 << 10); err != nil {
		t.Fatal(err)
	}
	w.send(getMessage(t, k)...)
	if _, err := w.socket.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// After Stop returns, the node does nothing any more.
func TestStopWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	var over atomic.Bool
	under, node := make(chan struct{}), make(chan *riaktest.Node, 1)
	c := riaktest.Start(t, &riaktest.Options{Clock: func() time.Time { // called in the middle of a put
		close(under)
		for n := <-node; ; {
			socket, err := net.Dial("tcp", n.Address())
			if err != nil {
				break // it is stopping
			}
			_ = socket.Close() // it was only a test
		}
		for range 1000 {
			runtime.Gosched() // a Stop that does not wait returns now
		}
		over.Store(true)
		return time.Now()
	}})
	n := c.Nodes()[0]
	node <- n
	dial(t, n.Address()).send(putMessage(t, newKey("timelines"), "v")...)
	<-under
	n.Stop()
	if !over.Load() {
		t.Error("Stop returned while a put was under way")
	}
}

func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{ReapAfter: time.Millisecond, HandoffAfter: time.Millisecond, Timeout: time.Millisecond, Order: riaktest.Shuffled})
	keys := []riaktest.Key{newKey("timelines"), newKey("timelines"), newKey("default")}
	done := make(chan struct{})
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			client := connect(t, c.Addresses()...)
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				k := keys[n%len(keys)]
				got := client.get(k, deletedVClock)
				if n%5 == 4 {
					client.del(k, got.clock)
				} else {
					client.put(k, fmt.Sprintf("%d-%d", i, n), got.clock, returnBody)
				}
			}
		})
	}
	all.Go(func() {
		defer close(done)
		for round := range 30 {
			disturb(t, c, round)
		}
	})
	all.Wait()
	c.Heal()
	for _, n := range c.Nodes() {
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
	}
	client := connect(t, c.Addresses()...)
	for _, k := range keys {
		got := client.get(k, withR(3), deletedVClock)
		expect(t, "put in the end", client.put(k, "end", got.clock, returnBody, withW(3)), "end")
		eventually(t, "agreement", func() bool { return strings.Join(holds(c, k), "|") == "end|end|end" })
	}
}

func disturb(t *testing.T, c *riaktest.Cluster, round int) {
	n := c.Nodes()[round%3]
	fault := c.Inject(riaktest.Match{Skip: round % 7, Count: 2}, riaktest.LoseReply())
	switch round % 6 {
	case 0:
		if err := n.Restart(); err != nil {
			t.Error(err)
		}
	case 1:
		n.Lag()
		c.SetOrder(riaktest.EmptyFirst)
	case 2:
		c.Partition(n)
	case 3:
		n.Refuse()
		n.Disconnect()
		if err := n.Start(); err != nil {
			t.Error(err)
		}
	case 4:
		c.Heal()
		c.Reap()
	case 5:
		c.Handoff()
		c.Siblings(newKey("timelines"))
	}
	before := c.Requests(riaktest.Any)
	eventually(t, "some requests", func() bool { return c.Requests(riaktest.Any) > before+5 })
	fault.Remove()
}

func TestOptionsOutOfRange(t *testing.T) {
	t.Parallel()
	tests := []riaktest.Options{
		{Nodes: -1},
		{MaxSiblings: -1},
		{MaxSize: -1},
		{MaxFrame: -1},
		{Timeout: -1},
		{ReapAfter: -3},
		{Order: 99},
		{Ring: []int{0, 1, 3}},
		{Ring: []int{-1}},
		{Types: map[string]riaktest.Props{"x": {NVal: -1}}},
		{Types: map[string]riaktest.Props{"x": {NVal: 13}}},
	}
	for _, opts := range tests {
		if c, err := riaktest.New(&opts); err == nil {
			c.Close()
			t.Errorf("%+v: no error", opts)
		}
	}
}
