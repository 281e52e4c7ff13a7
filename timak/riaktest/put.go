package riaktest

import (
	"context"
	"errors"
	"time"

	"github.com/basho/riak-go-client/rpb/riak_kv"
)

// change is a put with everything that decides its outcome.
type change struct {
	key       Key
	write     write
	nVal      *uint32
	w, dw, pw *uint32
	sloppy    bool
	timeout   *uint32 // milliseconds
}

// putChange reads a client's put.
func putChange(k Key, q *riak_kv.RpbPutReq, seen clock, now time.Time) change {
	return change{
		key:     k,
		write:   write{seen: seen, content: q.Content, now: now},
		nVal:    q.NVal,
		w:       q.W,
		dw:      q.Dw,
		pw:      q.Pw,
		sloppy:  q.SloppyQuorum == nil || q.GetSloppyQuorum(),
		timeout: q.Timeout,
	}
}

// apply stores a change as the node sees the cluster: first on the coordinating
// replica, then on the others, one at a time, so that other requests may come in
// between. It returns the merge of what the replicas that counted hold.
func (c *Cluster) apply(ctx context.Context, from *Node, ch change) (*object, error) {
	p, list, votes, err := c.plan(from, ch)
	if err != nil {
		return nil, err
	}
	coordinator := list[0]
	o, err := c.coordinateLocked(coordinator, ch, p)
	if err != nil {
		return nil, err
	}
	votes.add(coordinator, o, nil)
	silent := 0
	for _, r := range list[1:] {
		stored, err := c.replicateFrom(coordinator.node, r, ch.key, o, p)
		if errors.Is(err, errTimeout) {
			silent++
			continue
		}
		votes.add(r, stored, err)
	}
	if err := votes.result(silent); err != nil {
		if errors.Is(err, errTimeout) {
			c.waitInVain(ctx, ch.timeout)
		}
		return nil, err
	}
	return reconcile(votes.stored, p), nil
}

// plan chooses the replicas, the coordinator first: a replica on the node itself,
// or else the first one.
func (c *Cluster) plan(from *Node, ch change) (props, []replica, *writeVotes, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.propsOf(ch.key)
	if err != nil {
		return p, nil, nil, err
	}
	n, err := replicaCount(p, ch.nVal)
	if err != nil {
		return p, nil, nil, err
	}
	list := c.preflist(from, ch.key, n, ch.sloppy)
	if len(list) == 0 {
		return p, nil, nil, refusal("all_nodes_down")
	}
	votes := &writeVotes{n: n, w: choose(ch.w, p.w, n), dw: max(1, choose(ch.dw, p.dw, n)), pw: choose(ch.pw, p.pw, n)}
	if err := votes.check(list); err != nil {
		return p, nil, nil, err
	}
	for i, r := range list {
		if r.node == from {
			copy(list[1:i+1], list[:i])
			list[0] = r
			break
		}
	}
	return p, list, votes, nil
}

func (c *Cluster) coordinateLocked(r replica, ch change, p props) (*object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.coordinate(r.vnode, ch.key, ch.write, p)
}

// replicateFrom sends what the coordinator stored to another replica. It returns
// errTimeout if the write does not reach that replica.
func (c *Cluster) replicateFrom(coordinator *Node, r replica, k Key, o *object, p props) (*object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !coordinator.delivers(r.node) {
		return nil, errTimeout
	}
	return c.replicate(r.vnode, k, o, p, true)
}

// waitInVain waits as long as a request waits for replicas that do not answer.
func (c *Cluster) waitInVain(ctx context.Context, milliseconds *uint32) {
	wait := c.options.Timeout
	if milliseconds != nil {
		wait = time.Duration(*milliseconds) * time.Millisecond
	}
	sleep(ctx, wait)
}
