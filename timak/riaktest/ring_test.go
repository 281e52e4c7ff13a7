package riaktest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/riaktest"
)

// keyWith returns a new key whose replicas are on this many nodes.
func keyWith(t *testing.T, c *riaktest.Cluster, nodes int) riaktest.Key {
	t.Helper()
	for range 1000 {
		k := newKey("timelines")
		if len(nodesOf(c, k)) == nodes {
			return k
		}
	}
	t.Fatalf("1000 keys, none of them on %d nodes", nodes)
	return riaktest.Key{}
}

// nodesOf returns the owners of a key's replicas, those with more of them first.
func nodesOf(c *riaktest.Cluster, k riaktest.Key) []*riaktest.Node {
	var nodes []*riaktest.Node
	count := map[*riaktest.Node]int{}
	for _, r := range c.Replicas(k) {
		if count[r.Node]++; count[r.Node] == 1 {
			nodes = append(nodes, r.Node)
		}
	}
	slices.SortStableFunc(nodes, func(a, b *riaktest.Node) int { return count[b] - count[a] })
	return nodes
}

// holds returns what each replica of a key holds, as words, in the order of the
// ring; a fallback's in brackets.
func holds(c *riaktest.Cluster, k riaktest.Key) []string {
	var out []string
	for _, r := range c.Replicas(k) {
		word := siblingWords(r.Siblings)
		if r.Fallback {
			word = "(" + word + ")"
		}
		out = append(out, word)
	}
	return out
}

func siblingWords(siblings []riaktest.Sibling) string {
	var words []string
	for _, s := range siblings {
		word := string(s.Value)
		if s.Tombstone {
			word = "†" + word // there should be no value
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func expectHolds(t *testing.T, what string, c *riaktest.Cluster, k riaktest.Key, want ...string) {
	t.Helper()
	if got := holds(c, k); !slices.Equal(got, want) {
		t.Errorf("%s: replicas hold %q, want %q", what, got, want)
	}
}

func TestRings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		opts riaktest.Options
		want map[int]float64 // share of keys by how many nodes hold them
	}{
		{"three nodes", riaktest.Options{}, map[int]float64{3: 1}},
		{"one node", riaktest.Options{Nodes: 1}, map[int]float64{1: 1}},
		{"two nodes", riaktest.Options{Nodes: 2}, map[int]float64{2: 1}},
		{"five nodes", riaktest.Options{Nodes: 5}, map[int]float64{3: 1}},
		{"crowded", riaktest.Options{Ring: riaktest.CrowdedRing()}, map[int]float64{2: 0.5, 3: 0.5}},
	}
	const keys = 2000
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := riaktest.Start(t, &test.opts)
			got := map[int]int{}
			for i := range keys {
				got[len(nodesOf(c, riaktest.Key{Type: "timelines", Bucket: "b", Key: fmt.Sprint(i)}))]++
			}
			for nodes, n := range got {
				if share := float64(n) / keys; share < test.want[nodes]-0.1 || share > test.want[nodes]+0.1 {
					t.Errorf("%v of the keys are on %d nodes, want %v", share, nodes, test.want[nodes])
				}
			}
		})
	}
}

func TestEveryReplicaHasAPut(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	for i, address := range c.Addresses() {
		expect(t, "put", connect(t, address).put(k, fmt.Sprintf("v%d", i), nil), "done")
	}
	expectHolds(t, "after three puts", c, k, "v0 v1 v2", "v0 v1 v2", "v0 v1 v2")
	if got := siblingWords(c.Siblings(k)); got != "v0 v1 v2" {
		t.Errorf("siblings are %q", got)
	}
}

func TestFallbacksHandOver(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	client := connect(t, nodes[1].Address())
	v1 := expect(t, "put", client.put(k, "v1", nil, returnBody), "v1")

	nodes[0].Stop()
	expect(t, "put while a node is down", client.put(k, "v2", v1.clock, withW(riaktest.QuorumAll)), "done")
	expectHolds(t, "node down", c, k, "v1", "v2", "v2", "(v2)")

	if err := nodes[0].Start(); err != nil {
		t.Fatal(err)
	}
	expectHolds(t, "node back", c, k, "v2", "v2", "v2")
	expect(t, "get", client.get(k, withR(3), withPR(3)), "v2")
}

func TestHandoffCanWait(t *testing.T) {
	t.Parallel()
	for _, after := range []int{-1, 1} {
		c := riaktest.Start(t, &riaktest.Options{HandoffAfter: duration(after)})
		k := newKey("timelines")
		nodes := nodesOf(c, k)
		client := connect(t, nodes[1].Address())
		nodes[0].Stop()
		expect(t, "put", client.put(k, "v1", nil), "done")
		if err := nodes[0].Start(); err != nil {
			t.Fatal(err)
		}
		if after < 0 {
			expectHolds(t, "before handoff", c, k, "", "v1", "v1", "(v1)")
			c.Handoff()
		}
		eventually(t, "handoff", func() bool { return slices.Equal(holds(c, k), []string{"v1", "v1", "v1"}) })
	}
}

// Two lost replicas have fallbacks on two nodes.
func TestFallbacksAreSpread(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{Nodes: 5})
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	nodes[0].Stop()
	nodes[1].Stop()
	expect(t, "put", connect(t, nodes[2].Address()).put(k, "v1", nil, withW(3)), "done")
	expectHolds(t, "two nodes down", c, k, "", "", "v1", "(v1)", "(v1)")
	if r := c.Replicas(k); r[3].Node == r[4].Node || r[3].Node == nodes[2] || r[4].Node == nodes[2] {
		t.Error("the fallbacks are not on two other nodes")
	}
}

// A fallback keeps a key as long as it cannot reach the owner.
func TestHandoffNeedsBothNodes(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{Nodes: 4, HandoffAfter: -1})
	k := newKey("timelines")
	nodes := nodesOf(c, k)
	nodes[0].Stop()
	expect(t, "put", connect(t, nodes[1].Address()).put(k, "v1", nil), "done")
	c.Handoff()
	expectHolds(t, "owner down", c, k, "", "v1", "v1", "(v1)")
	fallback := c.Replicas(k)[3].Node
	fallback.Stop()
	if err := nodes[0].Start(); err != nil {
		t.Fatal(err)
	}
	c.Handoff()
	expectHolds(t, "fallback down", c, k, "", "v1", "v1", "(v1)")
	if err := fallback.Start(); err != nil {
		t.Fatal(err)
	}
	c.Handoff()
	expectHolds(t, "both up", c, k, "v1", "v1", "v1")
}
