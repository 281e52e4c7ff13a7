package riaktest_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timak/riaktest"
)

func TestLaggingReplica(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	current, stale := connect(t, nodes[0].Address()), connect(t, nodes[2].Address())
	v1 := expect(t, "put", current.put(k, "v1", nil, returnBody), "v1")

	nodes[2].Lag()
	v2 := expect(t, "put", current.put(k, "v2", v1.clock, returnBody), "v2")
	expectHolds(t, "lagging", c, k, "v2", "v2", "v1")
	expect(t, "get, r=1, of the lagging node", stale.get(k, withR(1)), "v1")
	expect(t, "if_modified with a later clock", stale.get(k, withR(1), ifModified(v2.clock)), "v1")
	expect(t, "get, r=2", stale.get(k), "v2")
	expectHolds(t, "no repair either", c, k, "v2", "v2", "v1")

	c.Heal()
	expectHolds(t, "healed, not yet read", c, k, "v2", "v2", "v1")
	expect(t, "get, r=1, again", stale.get(k, withR(1)), "v1")
	expectHolds(t, "repaired by that get", c, k, "v2", "v2", "v2")
}

// Two nodes that do not see each other's puts each apply one that saw the same
// value: the result is two siblings.
func TestSeparateCoordinators(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	a, b := connect(t, nodes[0].Address()), connect(t, nodes[1].Address())
	v1 := expect(t, "put", a.put(k, "v1", nil, returnBody), "v1")
	nodes[0].Lag()
	nodes[1].Lag()
	one := []putOption{withW(1), withDW(1), returnBody}
	expect(t, "put at one", a.put(k, "a", v1.clock, one...), "a")
	expect(t, "put at the other", b.put(k, "b", v1.clock, one...), "b")
	expectHolds(t, "apart", c, k, "a", "b", "a b")
	c.Heal()
	expect(t, "get", a.get(k, withR(3)), "a b")
	expectHolds(t, "repaired", c, k, "a b", "a b", "a b")
}

func TestAPutWaitsForReplicasThatAreSilent(t *testing.T) {
	t.Parallel()
	const wait = 50 * time.Millisecond
	c := riaktest.Start(t, &riaktest.Options{Timeout: wait})
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	client := connect(t, nodes[0].Address())
	nodes[1].Lag()
	for _, opts := range [][]putOption{{withW(3)}, {withDW(3)}, {withPW(3)}, {withW(3), putTimeout(2 * wait)}} {
		start := time.Now()
		expect(t, "put", client.put(k, "v1", nil, opts...), "error timeout")
		if waited := time.Since(start); waited < wait*time.Duration(len(opts)) {
			t.Errorf("the error came after %v, want %v", waited, wait*time.Duration(len(opts)))
		}
	}
	if got := len(c.Siblings(k)); got != 4 {
		t.Errorf("%d siblings; a put that timed out is stored all the same", got)
	}
}

func TestPartition(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	alone, both := connect(t, nodes[0].Address()), connect(t, nodes[1].Address())
	c.Partition(nodes[0])
	expect(t, "the one", alone.put(k, "a", nil, ifNoneMatch, withW(3)), "done")
	expect(t, "the two", both.put(k, "b", nil, ifNoneMatch, withW(3)), "done")
	expect(t, "get of the one", alone.get(k, withR(3)), "a")
	expect(t, "get of the two", both.get(k, withR(3)), "b")
	expect(t, "pw=2 of the one", alone.put(k, "c", nil, withPW(2)), "error {pw_val_unsatisfied,2,1}")
	c.Heal()
	expectHolds(t, "healed", c, k, "a b", "a b", "a b")
}

// With dotted version vectors replicas know which siblings a put replaced
// elsewhere. Without them they know only whether one of two versions is later as a
// whole, and keep all siblings if neither is.
func TestMergingReplicas(t *testing.T) {
	t.Parallel()
	type puts func(value string, seen []byte) outcome
	tests := []struct {
		name       string
		do         func(one, two puts, v1 []byte)
		dvv, noDVV string
	}{
		{"both blind", func(one, two puts, _ []byte) {
			one("a", nil)
			two("b", nil)
		}, "a b v1", "a b v1"},
		{"one saw v1", func(one, two puts, v1 []byte) {
			one("a", v1)
			two("b", nil)
		}, "a b", "a b v1"},
		{"both saw v1", func(one, two puts, v1 []byte) {
			one("a", v1)
			two("b", v1)
		}, "a b", "a b"},
		{"one saw all, the other did nothing", func(one, _ puts, v1 []byte) {
			one("b", one("a", v1).clock)
		}, "b", "b"},
	}
	for _, test := range tests {
		for bucketType, want := range map[string]string{"timelines": test.dvv, "no-dvv": test.noDVV} {
			t.Run(test.name+"/"+bucketType, func(t *testing.T) {
				t.Parallel()
				c := riaktest.Start(t, &riaktest.Options{Types: map[string]riaktest.Props{"no-dvv": {NoDVV: true}}})
				k := newKey(bucketType)
				nodes := nodesOf(c, k)
				at := func(n *riaktest.Node) puts {
					client := connect(t, n.Address())
					return func(value string, seen []byte) outcome {
						return client.put(k, value, seen, returnBody, withW(1), withDW(1))
					}
				}
				one, two := at(nodes[0]), at(nodes[1])
				v1 := expect(t, "put", one("v1", nil), "v1")
				for _, n := range nodes {
					n.Lag()
				}
				test.do(one, two, v1.clock)
				for _, n := range nodes[:2] {
					expect(t, "get", connect(t, n.Address()).get(k, withR(3)), want)
				}
				c.Heal()
				expect(t, "get", connect(t, nodes[2].Address()).get(k, withR(3)), want)
				expectHolds(t, "repaired", c, k, want, want, want)
			})
		}
	}
}

// A conditional put looks first and then writes: two puts that both look before
// either writes are both accepted.
func TestConditionalPutsRace(t *testing.T) {
	t.Parallel()
	looked := make(chan struct{}) // the clock is read between the look and the put
	c := riaktest.Start(t, &riaktest.Options{Clock: func() time.Time {
		select {
		case looked <- struct{}{}: // the other one waits
		case <-looked:
		}
		return time.Now()
	}})
	k := newKey("timelines")
	outcomes := make(chan outcome, 2)
	for _, value := range []string{"a", "b"} {
		client := connect(t, c.Addresses()[0])
		go func() { outcomes <- client.put(k, value, nil, ifNoneMatch) }()
	}
	expect(t, "one put", <-outcomes, "done")
	expect(t, "the other put", <-outcomes, "done")
	expect(t, "get", connect(t, c.Addresses()[0]).get(k), "a b")
}

// A replica counts its puts of a key: clocks do not grow with the number of puts.
func TestClocksStaySmall(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	client := connect(t, c.Addresses()[0])
	first := expect(t, "put", client.put(k, "v", nil, returnBody), "v")
	last := first
	for range 50 {
		last = expect(t, "put", client.put(k, "v", last.clock, returnBody), "v")
	}
	if len(last.clock) > len(first.clock)+1 {
		t.Errorf("a clock of %d bytes after one put, of %d after 51", len(first.clock), len(last.clock))
	}
}

// A put that arrives at a node without a replica is coordinated elsewhere.
func TestPutThroughANodeWithoutReplica(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{Nodes: 5})
	k := newKey("timelines")
	for _, n := range c.Nodes() {
		client := connect(t, n.Address())
		got := client.get(k)
		expect(t, "put", client.put(k, "v", got.clock, returnBody), "v")
		expect(t, "get", client.get(k), "v")
	}
	expectHolds(t, "in the end", c, k, "v", "v", "v")
}
