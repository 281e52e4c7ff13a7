package riaktest_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timak/riaktest"
)

func duration(milliseconds int) time.Duration {
	return time.Duration(milliseconds) * time.Millisecond
}

// For a key that one replica holds and two empty fallbacks do not, the result of a
// get depends on the quorum and on who answers first.
func TestTwoEmptyFallbacks(t *testing.T) {
	t.Parallel()
	const found, notFound = "v1", "notfound"
	tests := []struct {
		name  string
		order riaktest.Order
		opts  []getOption
		want  string
	}{
		{"defaults, fallbacks first", riaktest.EmptyFirst, nil, notFound},
		{"defaults, fallbacks last", riaktest.EmptyLast, nil, found},
		{"defaults, the asked node first", riaktest.LocalFirst, nil, found},
		{"r=1, fallbacks first", riaktest.EmptyFirst, []getOption{withR(1)}, notFound},
		{"r=3", riaktest.EmptyFirst, []getOption{withR(3)}, found},
		{"pr=1", riaktest.EmptyFirst, []getOption{withPR(1)}, found},
		{"pr=2", riaktest.EmptyFirst, []getOption{withPR(2)}, "error {pr_val_unsatisfied,2,1}"},
		{"notfound_ok=false, fallbacks first", riaktest.EmptyFirst, []getOption{notFoundFails}, notFound},
		{"notfound_ok=false, fallbacks last", riaktest.EmptyLast, []getOption{notFoundFails}, "error {r_val_unsatisfied,2,1}"},
		{"notfound_ok=false, r=1", riaktest.EmptyFirst, []getOption{notFoundFails, withR(1)}, found},
		{"notfound_ok=false, r=1, basic quorum", riaktest.EmptyFirst, []getOption{notFoundFails, withR(1), basicQuorum}, notFound},
		{"notfound_ok=false, r=1, basic quorum, fallbacks last", riaktest.EmptyLast, []getOption{notFoundFails, withR(1), basicQuorum}, found},
		{"no fallbacks", riaktest.EmptyFirst, []getOption{sloppyGet(false), withR(1)}, found},
		{"no fallbacks, r=2", riaktest.EmptyFirst, []getOption{sloppyGet(false)}, "error {insufficient_vnodes,1,need,2}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := riaktest.Start(t, &riaktest.Options{Ring: riaktest.CrowdedRing(), Order: test.order})
			k := keyWith(t, c, 2)
			nodes := nodesOf(c, k)
			client := connect(t, nodes[1].Address())
			expect(t, "put", client.put(k, "v1", nil), "done")
			nodes[0].Stop()
			expect(t, "get", client.get(k, test.opts...), test.want)
		})
	}
}

// As measured on a real cluster: with one node lost, a get with defaults misses
// existing keys, once.
func TestALostNode(t *testing.T) {
	t.Parallel()
	const keys = 300
	tests := []struct {
		name     string
		ring     []int
		opts     []getOption
		min, max int // keys not found
	}{
		{"defaults", riaktest.CrowdedRing(), nil, 1, keys / 4},
		{"r=1", riaktest.CrowdedRing(), []getOption{withR(1)}, keys / 4, 3 * keys / 4},
		{"r=3", riaktest.CrowdedRing(), []getOption{withR(3)}, 0, 0},
		{"r=1 and notfound_ok=false", riaktest.CrowdedRing(), []getOption{withR(1), notFoundFails}, 0, 0},
		{"defaults, replicas on three nodes", nil, nil, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := riaktest.Start(t, &riaktest.Options{Ring: test.ring, Order: riaktest.Shuffled})
			client := connect(t, c.Addresses()[0])
			var all []riaktest.Key
			for range keys {
				k := newKey("timelines")
				all = append(all, k)
				expect(t, "put", client.put(k, "v", nil), "done")
			}
			c.Nodes()[2].Stop()
			if missed := missing(client, all, test.opts); missed < test.min || missed > test.max {
				t.Errorf("%d of %d keys not found, want %d to %d", missed, keys, test.min, test.max)
			}
			if missed := missing(client, all, test.opts); missed != 0 {
				t.Errorf("%d keys not found when asked again", missed)
			}
		})
	}
}

func missing(client *client, keys []riaktest.Key, opts []getOption) int {
	n := 0
	for _, k := range keys {
		if client.get(k, opts...).words != "v" {
			n++
		}
	}
	return n
}

func TestPutsWhileNodesAreDown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		down int
		opts []putOption
		want string
	}{
		{"one down", 1, []putOption{withW(3), withDW(3), withPW(2)}, "done"},
		{"one down, pw=3", 1, []putOption{withPW(3)}, "error {pw_val_unsatisfied,3,2}"},
		{"two down", 2, []putOption{withW(3), withPW(1)}, "done"},
		{"two down, pw=2", 2, []putOption{withPW(2)}, "error {pw_val_unsatisfied,2,1}"},
		{"two down, no fallbacks", 2, []putOption{sloppyPut(false)}, "error {insufficient_vnodes,1,need,2}"},
		{"two down, no fallbacks, w=1", 2, []putOption{sloppyPut(false), withW(1), withDW(1)}, "done"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := riaktest.Start(t, nil)
			for _, n := range c.Nodes()[:test.down] {
				n.Stop()
			}
			k := newKey("timelines")
			client := connect(t, c.Addresses()[2])
			expect(t, "put", client.put(k, "v1", nil, test.opts...), test.want)
			stored := test.want == "done"
			if got := len(c.Siblings(k)) > 0; got != stored {
				t.Errorf("stored: %v, want %v", got, stored)
			}
		})
	}
}

func TestNoReplicaIsUp(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{Nodes: 4})
	k := newKey("timelines")
	for _, n := range nodesOf(c, k) {
		n.Stop()
	}
	for _, n := range c.Nodes() {
		if n.Connections() == 0 && !hasReplica(c, n, k) {
			client := connect(t, n.Address())
			expect(t, "without fallbacks", client.put(k, "v1", nil, sloppyPut(false)), "error all_nodes_down")
			expect(t, "with fallbacks", client.put(k, "v1", nil), "done")
			expect(t, "get", client.get(k), "v1")
		}
	}
}

func hasReplica(c *riaktest.Cluster, n *riaktest.Node, k riaktest.Key) bool {
	for _, r := range c.Replicas(k) {
		if r.Node == n {
			return true
		}
	}
	return false
}

// The properties of a type apply where a request does not specify them.
func TestQuorumsOfATypeApply(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{Types: map[string]riaktest.Props{
		"pr":      {PR: 3},
		"pw":      {PW: riaktest.QuorumAll},
		"one":     {R: riaktest.QuorumOne, NotFoundFails: true},
		"basic":   {R: riaktest.QuorumOne, NotFoundFails: true, BasicQuorum: true},
		"single":  {NVal: 1},
		"too few": {NVal: 2, W: 3},
	}})
	c.SetOrder(riaktest.EmptyFirst)
	client := connect(t, c.Addresses()[1])
	lone := func(bucketType string) riaktest.Key { // a key that only one primary has
		k := newKey(bucketType)
		for _, n := range c.Nodes() {
			n.Lag()
		}
		if got := client.put(k, "v1", nil, withW(1), withDW(1)); got.words != "done" {
			t.Fatalf("put: %s", got.words)
		}
		c.Heal()
		return k
	}
	one, basic := lone("one"), lone("basic")
	expect(t, "notfound_ok=false, r=1", client.get(one), "v1")
	expect(t, "and basic_quorum", client.get(basic), "notfound")
	expect(t, "n_val=1", client.put(newKey("single"), "v1", nil, withW(2)), "error {n_val_violation,1}")
	expect(t, "w > n_val", client.put(newKey("too few"), "v1", nil), "error {n_val_violation,2}")

	k := newKey("pr")
	expect(t, "put", client.put(k, "v1", nil), "done")
	c.Nodes()[0].Stop()
	expect(t, "pr", client.get(k), "error {pr_val_unsatisfied,3,2}")
	expect(t, "pr of nothing", client.get(newKey("pr"), notFoundFails), "error {pr_val_unsatisfied,3,2}")
	expect(t, "pw", client.put(newKey("pw"), "v1", nil), "error {pw_val_unsatisfied,3,2}")
}

// With pr=2 and notfound_ok=false, one primary that has the key is not enough.
func TestTooFewPrimariesHaveTheKey(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{Order: riaktest.EmptyLast})
	k := newKey("timelines")
	client := connect(t, c.Addresses()[0])
	for _, n := range c.Nodes() {
		n.Lag()
	}
	expect(t, "put", client.put(k, "v1", nil, withW(1), withDW(1)), "done")
	expect(t, "get", client.get(k, withPR(2), notFoundFails), "error {pr_val_unsatisfied,2,1}")
	expect(t, "get", client.get(k, withR(1), withPR(2), notFoundFails), "error {pr_val_unsatisfied,2,1}")
	expectHolds(t, "no repair reached them", c, k, lonely(c, k, c.Nodes()[0], "v1")...)
}

// lonely is what holds returns if only one node has the key.
func lonely(c *riaktest.Cluster, k riaktest.Key, node *riaktest.Node, word string) []string {
	out := make([]string, 3)
	for i, r := range c.Replicas(k)[:3] {
		if r.Node == node {
			out[i] = word
		}
	}
	return out
}
