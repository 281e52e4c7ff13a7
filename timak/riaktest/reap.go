package riaktest

import (
	"maps"
	"slices"
	"time"
)

// reaping is a tombstone that is about to be removed: all replicas held it, and if
// they still do when the time has come, they drop the key.
type reaping struct {
	tombstone *object
	vnodes    []*vnode
	timer     *timer
}

// reapLater drops a key after a while if exactly its primaries answered, all with
// the same tombstone.
func (c *Cluster) reapLater(k Key, answers []answer, merged *object, p props) {
	if !merged.deleted() || len(answers) < p.nVal {
		return
	}
	if old := c.reaping[k]; old != nil && maps.Equal(old.tombstone.clock, merged.clock) {
		return // it is already scheduled
	}
	r := &reaping{tombstone: merged}
	for _, a := range answers {
		if !a.primary || a.object == nil {
			return
		}
		r.vnodes = append(r.vnodes, a.vnode)
	}
	c.forgetReaping(k)
	c.reaping[k] = r
	switch c.options.ReapAfter {
	case ReapAtOnce:
		c.reap(k)
	case ReapNever:
	default:
		r.timer = c.after(c.options.ReapAfter, func() { c.reap(k) })
	}
}

// reap drops a key, unless it or one of its nodes has changed.
func (c *Cluster) reap(k Key) {
	r := c.reaping[k]
	if r == nil {
		return
	}
	c.forgetReaping(k)
	for _, v := range r.vnodes {
		o := v.records[k].object
		if !v.node.up || o == nil || !maps.Equal(o.clock, r.tombstone.clock) {
			return
		}
	}
	for _, v := range r.vnodes {
		delete(v.records, k)
	}
}

func (c *Cluster) forgetReaping(k Key) {
	if r := c.reaping[k]; r != nil {
		r.timer.stop()
		delete(c.reaping, k)
	}
}

// Reap drops the tombstones that wait for Options.ReapAfter, now. It leaves a
// tombstone that a replica is missing.
func (c *Cluster) Reap() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range slices.Collect(maps.Keys(c.reaping)) {
		c.reap(k)
	}
}

// timer runs something once, under the cluster's lock. A nil timer does nothing.
type timer struct {
	cluster *Cluster
	timer   *time.Timer
	over    bool // guarded by the lock
}

// after runs f after a while unless the timer is stopped first.
func (c *Cluster) after(d time.Duration, f func()) *timer {
	t := &timer{cluster: c}
	c.timers.Add(1)
	t.timer = time.AfterFunc(d, func() {
		defer c.timers.Done()
		c.mu.Lock()
		defer c.mu.Unlock()
		if !t.over {
			t.over = true
			f()
		}
	})
	return t
}

// stop makes sure that the timer does nothing from now on.
func (t *timer) stop() {
	if t == nil || t.over {
		return
	}
	t.over = true
	if t.timer.Stop() {
		t.cluster.timers.Done()
	}
}
