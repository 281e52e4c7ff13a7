package riakstore

import (
	"slices"
	"sync/atomic"
	"time"
)

// ring holds the nodes, which are asked in turn.
type ring struct {
	nodes []*node
	turn  atomic.Uint64
}

// order returns the nodes in the order in which to ask them: in turn, with the
// failed ones last. When a node has been avoided for long enough, a single request
// tries it first; all others go on avoiding it until that request has ended, which
// takes at most the request timeout.
func (r *ring) order(requestTimeout time.Duration) []*node {
	start := int(r.turn.Add(1) % uint64(len(r.nodes)))
	all := slices.Concat(r.nodes[start:], r.nodes[:start])
	if !slices.ContainsFunc(all, (*node).avoided) {
		return all
	}
	var usable, avoided []*node
	probed := false
	for _, n := range all {
		switch {
		case !n.avoided():
			usable = append(usable, n)
		case !probed && n.probe(requestTimeout):
			probed = true
			usable = slices.Insert(usable, 0, n)
		default:
			avoided = append(avoided, n)
		}
	}
	return append(usable, avoided...)
}

func (n *node) avoided() bool { return n.avoid.Load() != 0 }

// probe reports whether the caller is the one request that may try a failed node.
func (n *node) probe(requestTimeout time.Duration) bool {
	until, now := n.avoid.Load(), time.Now()
	return until != 0 && until <= now.UnixNano() &&
		n.avoid.CompareAndSwap(until, now.Add(requestTimeout+avoidFor).UnixNano())
}

// avoidFor is how long a failed node is asked last.
const avoidFor = 2 * time.Second

func (n *node) failed(err error) {
	if n.avoid.Swap(time.Now().Add(avoidFor).UnixNano()) == 0 {
		n.opts.Logger.Warn("timak: riak node failed; other nodes are asked first", "node", n.address, "error", err)
	}
}

func (n *node) worked() {
	if n.avoid.Load() != 0 && n.avoid.Swap(0) != 0 {
		n.opts.Logger.Info("timak: riak node works again", "node", n.address)
	}
}
