package riaktest

import (
	"errors"
	"fmt"
	"time"
)

// Options describe a cluster. The zero Options, and nil, mean the defaults.
type Options struct {
	// Nodes is how many nodes the cluster has. Defaults to 3.
	Nodes int

	// Ring names the owner of each partition: Ring[p] is an index into Nodes. A
	// key's replicas are on consecutive partitions, so the order of the ring
	// decides how many nodes share them. Defaults to four partitions per node,
	// dealt in turn, so that the replicas of a key are on as many nodes as
	// possible. CrowdedRing is a ring where they are not.
	Ring []int

	// Types are bucket types in addition to "timelines" (siblings, dotted version
	// vectors) and "default" (neither), or replacements for them.
	Types map[string]Props

	// ReapAfter is how long a deleted key keeps its tombstone once every replica
	// has it: Riak's delete_mode. It may also be ReapAtOnce or ReapNever. Defaults
	// to 3 seconds.
	ReapAfter time.Duration

	// HandoffAfter is how long a fallback keeps what it took for a node that is
	// back. Negative means until Cluster.Handoff. Defaults to 0: when Node.Start or
	// Cluster.Heal returns, handoff is done.
	HandoffAfter time.Duration

	// MaxSiblings is how many siblings a put may leave. Defaults to 100.
	MaxSiblings int

	// MaxSize is how large a key may become, in bytes, over all siblings. Defaults
	// to 50 MiB.
	MaxSize int

	// MaxFrame is the longest frame that a node reads, in bytes. It bounds the
	// memory of one connection. Defaults to 64 MiB.
	MaxFrame int

	// Timeout is how long a request that sets no timeout of its own waits for
	// replicas that do not answer. Defaults to 60 seconds.
	Timeout time.Duration

	// Order is the order in which the replicas' answers to a get are counted.
	// Defaults to LocalFirst. Cluster.SetOrder changes it later.
	Order Order

	// Security is what clients must provide before they are served. Defaults to
	// nil: a node that is asked for TLS answers that security is off.
	Security *Security

	// Clock stamps contents with their modification time, once per put; nothing
	// waits by it. It is called from several goroutines at once, and may block.
	// Defaults to time.Now.
	Clock func() time.Time
}

// Values of Options.ReapAfter that are not durations.
const (
	ReapAtOnce time.Duration = -1 // a delete leaves no tombstone behind
	ReapNever  time.Duration = -2 // tombstones stay until Cluster.Reap
)

// Order says which of the replicas' answers to a get count first. A get with r=2
// looks at the first two, which matters when replicas differ.
type Order uint8

const (
	// LocalFirst counts replicas on the node that was asked first, then the others
	// in ring order.
	LocalFirst Order = iota
	// EmptyFirst counts replicas that do not have the key first.
	EmptyFirst
	// EmptyLast counts replicas that do not have the key last.
	EmptyLast
	// Shuffled counts them in a new random order each time, as on a real network.
	Shuffled
)

const (
	defaultNodes       = 3
	partitionsPerNode  = 4
	defaultNVal        = 3
	defaultReapAfter   = 3 * time.Second
	defaultMaxSiblings = 100
	defaultMaxSize     = 50 << 20
	defaultMaxFrame    = 64 << 20
	defaultTimeout     = 60 * time.Second
)

// CrowdedRing is a ring of three nodes on which half of all keys have two of their
// three replicas on one node, as with Riak's default settings on a small cluster.
// Losing that node leaves such a key with one replica and two empty fallbacks.
func CrowdedRing() []int {
	return []int{0, 1, 2, 2, 0, 1, 1, 2, 0, 0, 1, 2}
}

// withDefaults returns the options with zero fields filled in.
func (o *Options) withDefaults() (Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	out.Nodes = orDefault(out.Nodes, defaultNodes)
	out.ReapAfter = orDefault(out.ReapAfter, defaultReapAfter)
	out.MaxSiblings = orDefault(out.MaxSiblings, defaultMaxSiblings)
	out.MaxSize = orDefault(out.MaxSize, defaultMaxSize)
	out.MaxFrame = orDefault(out.MaxFrame, defaultMaxFrame)
	out.Timeout = orDefault(out.Timeout, defaultTimeout)
	if out.Clock == nil {
		out.Clock = time.Now //nolint:forbidigo // the one place where the server gets its clock
	}
	if min(out.Nodes, out.MaxSiblings, out.MaxSize, out.MaxFrame) < 1 || out.Timeout < 0 || out.ReapAfter < ReapNever || out.Order > Shuffled {
		return out, fmt.Errorf("options out of range: Nodes %d, MaxSiblings %d, MaxSize %d, MaxFrame %d, Timeout %v, ReapAfter %v, Order %d",
			out.Nodes, out.MaxSiblings, out.MaxSize, out.MaxFrame, out.Timeout, out.ReapAfter, out.Order)
	}
	if out.Security != nil && out.Security.TLS == nil {
		return out, errors.New("Options.Security: expected TLS")
	}
	if len(out.Ring) == 0 {
		out.Ring = dealtRing(out.Nodes)
	}
	for partition, owner := range out.Ring {
		if owner < 0 || owner >= out.Nodes {
			return out, fmt.Errorf("partition %d of the ring belongs to node %d of %d", partition, owner, out.Nodes)
		}
	}
	return out, nil
}

// dealtRing deals the partitions to the nodes in turn.
func dealtRing(nodes int) []int {
	ring := make([]int, partitionsPerNode*nodes)
	for partition := range ring {
		ring[partition] = partition % nodes
	}
	return ring
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
