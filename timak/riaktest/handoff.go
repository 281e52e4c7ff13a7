package riaktest

// handoffLater makes fallbacks hand over after Options.HandoffAfter.
func (c *Cluster) handoffLater() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch wait := c.options.HandoffAfter; {
	case wait == 0:
		c.handOver()
	case wait > 0 && !c.closed:
		c.handoff.stop()
		c.handoff = c.after(wait, c.handOver)
	}
}

// Handoff makes every fallback hand over what it took for nodes that it can reach,
// now.
func (c *Cluster) Handoff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handOver()
}

func (c *Cluster) handOver() {
	for id, fallback := range c.vnodes {
		owner := c.ring[id.partition]
		if owner == id.node || !id.node.up || !id.node.delivers(owner) {
			continue
		}
		for k, r := range fallback.records {
			p, err := c.propsOf(k)
			if err != nil {
				continue
			}
			if _, err := c.replicate(c.vnode(id.partition, owner), k, r.object, p, true); err == nil {
				delete(fallback.records, k)
			}
		}
	}
}

// Partition cuts the network between these nodes and all others. Each side sees the
// other as down and goes on with fallbacks. Clients still reach all nodes. It
// replaces an earlier partition.
func (c *Cluster) Partition(nodes ...*Node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		n.side = 0
	}
	for _, n := range nodes {
		n.side = 1
	}
}

// Lag makes the node's replicas miss every write until Cluster.Heal: what other
// nodes send them, read repair, and handoff. They answer gets with what they have,
// and do not answer a put that another node coordinates. They do accept a put that
// arrives at the node itself.
func (n *Node) Lag() {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	n.lagging = true
}

// Heal ends Partition and Lag, and makes fallbacks hand over. Lagging replicas get
// what they missed by read repair.
func (c *Cluster) Heal() {
	c.mu.Lock()
	for _, n := range c.nodes {
		n.side, n.lagging = 0, false
	}
	c.mu.Unlock()
	c.handoffLater()
}
