package riaktest

import "math/rand/v2"

// vnode is one partition on one node: the owner's, or a fallback's. The cluster's
// lock guards it.
type vnode struct {
	partition int
	node      *Node
	records   map[Key]record
}

// record is what a vnode holds for a key.
type record struct {
	object *object
	actor  uint64 // identifies the vnode's own puts of the key; 0 if there are none yet
}

type vnodeID struct {
	partition int
	node      *Node
}

// vnode returns the partition on the node.
func (c *Cluster) vnode(partition int, node *Node) *vnode {
	id := vnodeID{partition: partition, node: node}
	v := c.vnodes[id]
	if v == nil {
		v = &vnode{partition: partition, node: node, records: map[Key]record{}}
		c.vnodes[id] = v
	}
	return v
}

// coordinate applies a client's write and returns what the other replicas must
// store.
func (c *Cluster) coordinate(v *vnode, k Key, w write, p props) (*object, error) {
	r := v.records[k]
	if r.actor == 0 {
		r.actor = rand.Uint64() | 1
	}
	o := r.object.update(w, r.actor, p)
	if err := c.checkLimits(k, o); err != nil {
		return nil, err
	}
	r.object = o
	c.store(v, k, r)
	return o, nil
}

// replicate applies what another replica holds. Repairs are not limited.
func (c *Cluster) replicate(v *vnode, k Key, o *object, p props, limited bool) (*object, error) {
	r := v.records[k]
	merged := r.object.merge(o, p)
	if p.lastWriteWins {
		merged = o
	}
	if merged == r.object {
		return merged, nil
	}
	if limited {
		if err := c.checkLimits(k, merged); err != nil {
			return nil, err
		}
	}
	r.object = merged
	c.store(v, k, r)
	return merged, nil
}

func (c *Cluster) store(v *vnode, k Key, r record) {
	v.records[k] = r
	c.most[k] = max(c.most[k], len(r.object.contents))
}

func (c *Cluster) checkLimits(k Key, o *object) error {
	if size := o.size(k); size > c.options.MaxSize {
		return refusef("{too_large,%d}", size)
	}
	if n := len(o.contents); n > c.options.MaxSiblings {
		return refusef("{too_many_siblings,%d}", n)
	}
	return nil
}
