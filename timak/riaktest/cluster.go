package riaktest

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
)

// Cluster is a running cluster, made by New or Start. Its methods may be called
// from any number of goroutines.
type Cluster struct {
	options Options
	nodes   []*Node
	ring    []*Node // owners of the partitions
	faults  faults

	mu      sync.Mutex // guards all below, and the state of nodes and vnodes
	closed  bool
	order   Order
	types   map[string]props
	buckets map[Key]props // properties of single buckets; the Key has no Key
	vnodes  map[vnodeID]*vnode
	most    map[Key]int // most siblings ever stored
	reaping map[Key]*reaping
	timers  sync.WaitGroup
	handoff *timer
}

// Start runs a cluster until the test ends. It fails the test if it cannot.
func Start(t testing.TB, opts *Options) *Cluster {
	t.Helper()
	c, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// New runs a cluster until Close. Its error is about the options or from listening.
func New(opts *Options) (*Cluster, error) {
	options, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("riaktest: new: %w", err)
	}
	types := defaultTypes()
	maps.Copy(types, options.Types)
	c := &Cluster{
		options: options,
		order:   options.Order,
		types:   map[string]props{},
		buckets: map[Key]props{},
		vnodes:  map[vnodeID]*vnode{},
		most:    map[Key]int{},
		reaping: map[Key]*reaping{},
	}
	for name, p := range types {
		if p.NVal < 0 || p.NVal > len(options.Ring) {
			return nil, fmt.Errorf("riaktest: new: type %q: n_val %d on %d partitions", name, p.NVal, len(options.Ring))
		}
		c.types[name] = p.resolve()
	}
	for i := range options.Nodes {
		c.nodes = append(c.nodes, &Node{cluster: c, index: i})
	}
	for _, owner := range options.Ring {
		c.ring = append(c.ring, c.nodes[owner])
	}
	for _, n := range c.nodes {
		if err := n.open(); err != nil {
			c.Close()
			return nil, fmt.Errorf("riaktest: new: %w", err)
		}
	}
	return c, nil
}

// Close stops all nodes. It returns when no goroutine and no port of the cluster is
// left; what the nodes hold can still be inspected. A second Close does nothing.
func (c *Cluster) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	for _, n := range c.nodes {
		n.Stop()
	}
	c.mu.Lock()
	for k := range c.reaping {
		c.forgetReaping(k)
	}
	c.handoff.stop()
	c.mu.Unlock()
	c.timers.Wait()
}

// Addresses returns where the nodes listen, as numeric host:port. They stay the
// same when a node is stopped and started.
func (c *Cluster) Addresses() []string {
	addresses := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		addresses[i] = n.address
	}
	return addresses
}

// Nodes returns the cluster's nodes, in the order of Addresses.
func (c *Cluster) Nodes() []*Node {
	return append([]*Node(nil), c.nodes...)
}

// SetOrder changes the order in which replicas' answers count from now on.
func (c *Cluster) SetOrder(order Order) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order = order
}

// propsOf returns the properties of the key's bucket.
func (c *Cluster) propsOf(k Key) (props, error) {
	if p, ok := c.buckets[Key{Type: k.Type, Bucket: k.Bucket}]; ok {
		return p, nil
	}
	if p, ok := c.types[k.Type]; ok {
		return p, nil
	}
	return props{}, errNoType
}

var errClosed = errors.New("cluster is closed")
