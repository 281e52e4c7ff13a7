package riakstore

import (
	"slices"
	"sync/atomic"
	"time"
)

// ring is the nodes, asked in turn.
type ring struct {
	nodes []*node
	turn  atomic.Uint64
}

// order returns the nodes in the order in which to ask them: in turn, those
// that failed a moment ago last.
func (r *ring) order() []*node {
	start := int(r.turn.Add(1) % uint64(len(r.nodes)))
	nodes := slices.Concat(r.nodes[start:], r.nodes[:start])
	now := time.Now().UnixNano()
	slices.SortStableFunc(nodes, func(a, b *node) int {
		return boolToInt(a.avoid.Load() > now) - boolToInt(b.avoid.Load() > now)
	})
	return nodes
}

// avoidFor is how long a node that failed is asked last.
const avoidFor = 2 * time.Second

func (n *node) failed() {
	n.avoid.Store(time.Now().Add(avoidFor).UnixNano())
}

func (n *node) worked() { n.avoid.Store(0) }

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
