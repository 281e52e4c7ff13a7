package riaktest

import (
	"bytes"
	"slices"
	"time"
)

// Sibling is one of the values under a key.
type Sibling struct {
	Value       []byte // owned by the caller
	ContentType string
	UserMeta    map[string]string
	Tombstone   bool // a deletion; it has no value
	Modified    time.Time
}

// Replica is what one replica of a key holds.
type Replica struct {
	Node      *Node
	Partition int
	Fallback  bool      // stands in for the partition's owner
	Siblings  []Sibling // none if it does not have the key
}

// Replicas returns the replicas of a key: first those on the owners of its
// partitions, up or down, in the order of the ring, and then the fallbacks that
// hold something. It returns none for an unknown type.
func (c *Cluster) Replicas(k Key) []Replica {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Replica
	for _, r := range c.holders(k.normal()) {
		out = append(out, Replica{
			Node:      r.node,
			Partition: r.partition,
			Fallback:  !r.primary,
			Siblings:  r.records[k.normal()].object.siblings(),
		})
	}
	return out
}

// Siblings returns what a get that reached every replica would find, including
// tombstones; nothing if no replica has the key.
func (c *Cluster) Siblings(k Key) []Sibling {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.propsOf(k.normal())
	if err != nil {
		return nil
	}
	var answers []answer
	for _, r := range c.holders(k.normal()) {
		answers = append(answers, answer{replica: r, object: r.records[k.normal()].object})
	}
	return reconcile(answers, p).siblings()
}

// MostSiblings returns the largest number of siblings, including tombstones, that a
// replica of the key has ever held.
func (c *Cluster) MostSiblings(k Key) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most[k.normal()]
}

// holders returns the owners' replicas of a key and the fallbacks that have it.
func (c *Cluster) holders(k Key) []replica {
	p, err := c.propsOf(k)
	if err != nil {
		return nil
	}
	var list []replica
	start := k.partition(len(c.ring))
	for i := range p.nVal {
		partition := (start + i) % len(c.ring)
		list = append(list, replica{vnode: c.vnode(partition, c.ring[partition]), primary: true})
	}
	for _, n := range c.nodes {
		for partition, owner := range c.ring {
			v := c.vnodes[vnodeID{partition: partition, node: n}]
			if n != owner && v != nil && v.records[k].object != nil {
				list = append(list, replica{vnode: v})
			}
		}
	}
	return list
}

func (o *object) siblings() []Sibling {
	if o == nil {
		return nil
	}
	out := make([]Sibling, len(o.contents))
	for i, c := range o.contents {
		m := c.message
		out[i] = Sibling{
			Value:       bytes.Clone(m.Value),
			ContentType: string(m.ContentType),
			UserMeta:    map[string]string{},
			Tombstone:   c.deleted(),
			Modified:    time.Unix(int64(m.GetLastMod()), int64(m.GetLastModUsecs())*1000),
		}
		for _, pair := range m.Usermeta {
			out[i].UserMeta[string(pair.Key)] = string(pair.Value)
		}
	}
	return slices.Clip(out)
}

// Requests returns how many requests of a kind all nodes have read; Any counts all
// kinds. Connect counts the connections ever accepted.
func (c *Cluster) Requests(kind Kind) int {
	total := 0
	for _, n := range c.nodes {
		total += n.Requests(kind)
	}
	return total
}

// Requests returns how many requests of a kind the node has read; Any counts all
// kinds. Connect counts the connections ever accepted.
func (n *Node) Requests(kind Kind) int {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	if kind != Any {
		return n.requests[kind]
	}
	total := 0
	for of, count := range n.requests {
		if Kind(of) != Connect {
			total += count
		}
	}
	return total
}

// Connections returns how many connections all nodes have open.
func (c *Cluster) Connections() int {
	total := 0
	for _, n := range c.nodes {
		total += n.Connections()
	}
	return total
}

// Connections returns how many connections the node has open.
func (n *Node) Connections() int {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	return len(n.conns)
}

func (n *Node) countRequest(kind Kind) {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	n.requests[kind]++
}
