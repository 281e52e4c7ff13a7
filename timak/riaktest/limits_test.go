package riaktest_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/basho/riak-go-client/rpb/riak"
	"github.com/basho/riak-go-client/rpb/riak_kv"

	"github.com/timak-go/timak/timak/riaktest"
)

// A second request on a connection while one is in progress ends both.
func TestOneRequestAtATime(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	hang := c.Inject(riaktest.Match{Kind: riaktest.Put}, riaktest.Hang())
	w := dial(t, c.Addresses()[0])
	w.send(putMessage(t, k, "v1")...)
	eventually(t, "hangs", func() bool { return hang.Hits() == 1 })
	w.send(raw(1, nil)...)
	w.expect("ping", "error Cannot send another request while one is in progress")
	w.expect("then", "closed")
	hang.Remove()
	eventually(t, "end of the connection", func() bool { return c.Connections() == 0 })
	if got := len(c.Siblings(k)); got != 0 {
		t.Errorf("%d siblings", got)
	}
}

func TestMessagesWithoutWhatTheyNeed(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	for _, m := range [][]byte{
		message(t, 9, &riak_kv.RpbGetReq{Bucket: []byte("b")}),
		message(t, 13, &riak_kv.RpbDelReq{Key: []byte("k")}),
		message(t, 21, &riak.RpbSetBucketReq{Bucket: []byte("b")}),
	} {
		w := dial(t, c.Addresses()[0])
		w.send(m...)
		w.expect(fmt.Sprintf("message %d", m[4]), "error processing…")
		w.expect("then", "closed")
	}
}

func TestLongFrames(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{MaxFrame: 100})
	w := dial(t, c.Addresses()[0])
	w.send(raw(250, make([]byte, 99))...)
	w.expect("frame of 100 bytes", "error Unknown message code: 250")
	w.send(0, 0, 0, 101)
	w.expect("frame of 101 bytes", "error Invalid message packet, reason: invalid")
	w.expect("then", "closed")
}

// The claimed length of a frame costs nothing until its bytes arrive.
func TestAPromiseTakesNoMemory(t *testing.T) {
	c := riaktest.Start(t, &riaktest.Options{MaxFrame: 1 << 30})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const connections = 20
	for range connections {
		w := dial(t, c.Addresses()[0])
		w.send(0x3f, 0xff, 0xff, 0xff, 11, 'x')
	}
	eventually(t, "accepted", func() bool { return c.Connections() == connections })
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
		t.Errorf("%d connections took %d MiB", connections, took>>20)
	}
}

func TestLimitsAreOptions(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{MaxSiblings: 2, MaxSize: 1000})
	client := connect(t, c.Addresses()...)
	k := newKey("timelines")
	for i, want := range []string{"done", "done", "error {too_many_siblings,3}"} {
		expect(t, fmt.Sprintf("put %d", i+1), client.put(k, fmt.Sprint(i), nil), want)
	}
	expectHolds(t, "limit of siblings", c, k, "0 1", "0 1", "0 1")
	k = newKey("timelines")
	if got := client.put(k, strings.Repeat("x", 1000), nil).words; !strings.HasPrefix(got, "error {too_large,1") {
		t.Errorf("large put: got %q", got)
	}
	expectHolds(t, "limit of size", c, k, "", "", "")
	expect(t, "small put", client.put(k, strings.Repeat("x", 800), nil), "done")
}

// Two sides of a partition may each stay within the limit and exceed it together;
// read repair is not limited.
func TestRepairIsNotLimited(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{MaxSiblings: 2, HandoffAfter: -1})
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	c.Partition(nodes[0])
	for i := range 2 {
		expect(t, "put", connect(t, nodes[0].Address()).put(k, fmt.Sprintf("a%d", i), nil), "done")
		expect(t, "put", connect(t, nodes[1].Address()).put(k, fmt.Sprintf("b%d", i), nil), "done")
	}
	c.Heal()
	client := connect(t, nodes[2].Address())
	all := expect(t, "get", client.get(k, withR(3)), "a0 a1 b0 b1")
	expect(t, "one more", client.put(k, "x", nil), "error {too_many_siblings,5}")
	expect(t, "a full put", client.put(k, "x", all.clock, returnBody), "x")
	if got := c.MostSiblings(k); got != 4 {
		t.Errorf("most siblings: %d, want 4", got)
	}
}

// A replica that would exceed a limit fails its part of a put, and the others store
// it.
func TestAReplicaOverTheLimit(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{MaxSiblings: 4, HandoffAfter: -1})
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	c.Partition(nodes[0])
	for i := range 4 {
		expect(t, "put", connect(t, nodes[0].Address()).put(k, fmt.Sprintf("a%d", i), nil), "done")
	}
	c.Heal()
	client := connect(t, nodes[1].Address())
	expect(t, "dw=3", client.put(k, "b0", nil, withDW(3)), "error {dw_val_unsatisfied,3,2}")
	expect(t, "pw=3", client.put(k, "b1", nil, withPW(3)), "error {pw_val_unsatisfied,3,2}")
	expect(t, "pw=3, dw=3", client.put(k, "b2", nil, withPW(3), withDW(3)), "error {pw_val_unsatisfied,3,2}")
	expect(t, "w=3", client.put(k, "b3", nil, withW(3)), "done")
	if got := holds(c, k)[:3]; !slices.Equal(got, []string{"a0 a1 a2 a3", "b0 b1 b2 b3", "b0 b1 b2 b3"}) {
		t.Errorf("replicas hold %q", got)
	}
}
