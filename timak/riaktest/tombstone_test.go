package riaktest_test

import (
	"slices"
	"testing"
	"time"

	riak "github.com/basho/riak-go-client"
	"github.com/basho/riak-go-client/rpb/riak_kv"

	"github.com/timak-go/timak/timak/riaktest"
)

func TestReapAfterAWhile(t *testing.T) {
	t.Parallel()
	const after = 300 * time.Millisecond // gets in the meantime do not delay it
	c := riaktest.Start(t, &riaktest.Options{ReapAfter: after})
	k := newKey("timelines")
	client := connect(t, c.Addresses()[0])
	expect(t, "put", client.put(k, "v1", nil), "done")
	start := time.Now()
	expect(t, "delete", client.del(k, nil), "done")
	eventually(t, "reaping", func() bool { return client.get(k, deletedVClock).words == "notfound" })
	if took := time.Since(start); took < after {
		t.Errorf("reaped after %v, want at least %v", took, after)
	}
	expectHolds(t, "reaped", c, k, "", "", "")
}

func TestOnlyTombstonesAreReaped(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{ReapAfter: riaktest.ReapAtOnce})
	k := newKey("timelines")
	client := connect(t, c.Addresses()[0])
	expect(t, "put", client.put(k, "v1", nil), "done")
	expect(t, "get", client.get(k), "v1")
	c.Reap()
	expectHolds(t, "after a get", c, k, "v1", "v1", "v1")
}

// A get of fewer than all replicas reaps nothing.
func TestReapingIsForAllReplicas(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{ReapAfter: riaktest.ReapAtOnce})
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	client := connect(t, nodes[0].Address())
	expect(t, "put", client.put(k, "v1", nil), "done")
	nodes[2].Lag()
	expect(t, "delete", client.del(k, nil), "done")
	w := dial(t, nodes[0].Address())
	w.send(message(t, 9, &riak_kv.RpbGetReq{Type: []byte(k.Type), Bucket: []byte(k.Bucket), Key: []byte(k.Key), NVal: new(uint32(1))})...)
	w.expect("get of one", "10")
	expectHolds(t, "after a get of one", c, k, "†", "†", "v1")
}

func TestReapAtOnce(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{ReapAfter: riaktest.ReapAtOnce})
	k := newKey("timelines")
	client := connect(t, c.Addresses()[0])
	expect(t, "put", client.put(k, "v1", nil), "done")
	expect(t, "delete", client.del(k, nil), "done")
	expectHolds(t, "deleted", c, k, "", "", "")
}

func TestReapNever(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{ReapAfter: riaktest.ReapNever})
	k := newKey("timelines")
	client := connect(t, c.Addresses()[0])
	expect(t, "put", client.put(k, "v1", nil), "done")
	expect(t, "delete", client.del(k, nil), "done")
	expectHolds(t, "deleted", c, k, "†", "†", "†")
	c.Reap()
	expectHolds(t, "reaped by hand", c, k, "", "", "")
}

// Only a tombstone that is still the same on every replica is reaped.
func TestReapLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(c *riaktest.Cluster, client *client, k riaktest.Key, nodes []*riaktest.Node)
		want   []string
	}{
		{"put again", func(_ *riaktest.Cluster, client *client, k riaktest.Key, _ []*riaktest.Node) {
			client.put(k, "v2", client.get(k, deletedVClock).clock)
		}, []string{"v2", "v2", "v2"}},
		{"put beside", func(_ *riaktest.Cluster, client *client, k riaktest.Key, _ []*riaktest.Node) {
			client.put(k, "v2", nil)
		}, []string{"† v2", "† v2", "† v2"}},
		{"a node went down", func(_ *riaktest.Cluster, _ *client, _ riaktest.Key, nodes []*riaktest.Node) {
			nodes[2].Stop()
		}, []string{"†", "†", "†"}},
		{"put and deleted again", func(_ *riaktest.Cluster, client *client, k riaktest.Key, _ []*riaktest.Node) {
			client.put(k, "v2", client.get(k, deletedVClock).clock)
			client.del(k, nil)
		}, []string{"", "", ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := riaktest.Start(t, &riaktest.Options{ReapAfter: time.Hour})
			k := newKey("timelines")
			nodes := nodesOf(c, k)
			client := connect(t, nodes[0].Address())
			expect(t, "put", client.put(k, "v1", nil), "done")
			expect(t, "delete", client.del(k, nil), "done")
			test.change(c, client, k, nodes)
			c.Reap()
			expectHolds(t, "reaped", c, k, test.want...)
		})
	}
}

// While a replica is missing nothing is reaped; a later get schedules it.
func TestReapNeedsEveryReplica(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{ReapAfter: time.Hour})
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	client := connect(t, nodes[0].Address())
	expect(t, "put", client.put(k, "v1", nil), "done")
	nodes[2].Stop()
	expect(t, "delete", client.del(k, nil), "done")
	expect(t, "get", client.get(k, withR(3)), "notfound")
	c.Reap()
	expectHolds(t, "a node is down", c, k, "†", "†", "v1", "(†)")
	if err := nodes[2].Start(); err != nil {
		t.Fatal(err)
	}
	c.Reap()
	expectHolds(t, "nobody has looked", c, k, "†", "†", "†")
	expect(t, "get", client.get(k), "notfound")
	c.Reap()
	expectHolds(t, "somebody has", c, k, "", "", "")
}

// A replica that missed a delete gets the tombstone by read repair. The get that
// found a replica without it does not schedule its removal; the next one does.
func TestTombstonesAreRepaired(t *testing.T) {
	t.Parallel()
	for _, missedThePutToo := range []bool{false, true} {
		c := riaktest.Start(t, &riaktest.Options{ReapAfter: time.Hour})
		k := newKey("timelines")
		nodes := nodesOf(c, k)
		client := connect(t, nodes[0].Address())
		if missedThePutToo {
			nodes[2].Lag()
		}
		expect(t, "put", client.put(k, "v1", nil), "done")
		nodes[2].Lag()
		expect(t, "delete", client.del(k, nil), "done")
		if got := holds(c, k)[:2]; !slices.Equal(got, []string{"†", "†"}) {
			t.Errorf("deleted: the first two hold %q", got)
		}
		c.Heal()
		expect(t, "get", client.get(k), "notfound")
		expectHolds(t, "repaired", c, k, "†", "†", "†")
		if missedThePutToo {
			c.Reap()
			expectHolds(t, "nothing to reap yet", c, k, "†", "†", "†")
			expect(t, "get", client.get(k), "notfound")
		}
		c.Reap()
		expectHolds(t, "reaped", c, k, "", "", "")
	}
}

// After a key was reaped its past does not count: an old clock has seen nothing of
// the new value.
func TestALifeAfterReaping(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{ReapAfter: riaktest.ReapAtOnce})
	k := newKey("timelines")
	client := connect(t, c.Addresses()[0])
	old := expect(t, "put", client.put(k, "old", nil, returnBody), "old")
	expect(t, "delete", client.del(k, old.clock), "done")
	expect(t, "put", client.put(k, "new", nil), "done")
	expect(t, "put with the old clock", client.put(k, "late", old.clock, returnBody), "late new")
}

// A delete that names neither r nor w uses the type's rw, for its get and its put.
func TestDeleteGoesByRW(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{Types: map[string]riaktest.Props{"rw": {RW: 4}}})
	k := newKey("rw")
	client := connect(t, c.Addresses()[0])
	v1 := expect(t, "put", client.put(k, "v1", nil, returnBody), "v1")
	expect(t, "get of a delete", client.del(newKey("rw"), nil), "error {n_val_violation,3}")
	expect(t, "put of a delete", client.del(k, v1.clock), "error {n_val_violation,3}")
	expectHolds(t, "still there", c, k, "v1", "v1", "v1")
}

func TestDeleteQuorums(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	client := connect(t, nodes[0].Address())
	expect(t, "put", client.put(k, "v1", nil), "done")
	nodes[1].Stop()
	nodes[2].Stop()
	tests := []struct {
		name string
		opt  func(*riak.DeleteValueCommandBuilder)
		want string
	}{
		{"r", func(b *riak.DeleteValueCommandBuilder) { b.WithR(4) }, "error {n_val_violation,3}"},
		{"w", func(b *riak.DeleteValueCommandBuilder) { b.WithW(4) }, "error {n_val_violation,3}"},
		{"rw", func(b *riak.DeleteValueCommandBuilder) { b.WithRw(4) }, "error {n_val_violation,3}"},
		{"dw", func(b *riak.DeleteValueCommandBuilder) { b.WithDw(4) }, "error {n_val_violation,3}"},
		{"pr", func(b *riak.DeleteValueCommandBuilder) { b.WithPr(2) }, "error {pr_val_unsatisfied,2,1}"},
		{"pw", func(b *riak.DeleteValueCommandBuilder) { b.WithPw(2) }, "error {pw_val_unsatisfied,2,1}"},
		{"none", func(*riak.DeleteValueCommandBuilder) {}, "done"},
	}
	for _, test := range tests {
		b := riak.NewDeleteValueCommandBuilder().WithBucketType(k.Type).WithBucket(k.Bucket).WithKey(k.Key)
		test.opt(b)
		cmd, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		got := outcome{words: "done"}
		if err := client.cluster.Execute(cmd); err != nil {
			got = failure(err)
		}
		expect(t, test.name, got, test.want)
	}
}
