package riaktest

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/basho/riak-go-client/rpb/riak_kv"
)

// answer is one replica's answer to a get.
type answer struct {
	replica
	object *object // nil if it has nothing
}

// fetch reads a key as the node sees the cluster: it counts the replicas' answers
// until there are enough, and then brings the replicas up to date. It returns nil
// if nothing was found. What it finds may be deleted.
func (c *Cluster) fetch(from *Node, k Key, q *riak_kv.RpbGetReq) (*object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.propsOf(k)
	if err != nil {
		return nil, err
	}
	n, err := replicaCount(p, q.NVal)
	if err != nil {
		return nil, err
	}
	list := c.preflist(from, k, n, q.SloppyQuorum == nil || q.GetSloppyQuorum())
	votes := &readVotes{
		n: n, r: choose(q.R, p.r, n), pr: choose(q.Pr, p.pr, n),
		notFoundOK: chooseBool(q.NotfoundOk, p.notFoundOK), basicQuorum: chooseBool(q.BasicQuorum, p.basicQuorum),
	}
	if err := votes.check(list); err != nil {
		return nil, err
	}
	answers := c.answers(from, k, list)
	found, err := votes.count(answers, p)
	c.repair(k, answers, p)
	return found, err
}

// answers returns what the replicas hold, in the order in which the answers count.
func (c *Cluster) answers(from *Node, k Key, list []replica) []answer {
	answers := make([]answer, len(list))
	for i, r := range list {
		answers[i] = answer{replica: r, object: r.records[k].object}
	}
	first := func(a answer) bool { return a.node == from }
	switch c.order {
	case Shuffled:
		rand.Shuffle(len(answers), func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
		return answers
	case EmptyFirst:
		first = func(a answer) bool { return a.object == nil }
	case EmptyLast:
		first = func(a answer) bool { return a.object != nil }
	case LocalFirst:
	}
	slices.SortStableFunc(answers, func(a, b answer) int { return compareBool(first(b), first(a)) })
	return answers
}

// repair gives every replica that answered the merge of all answers, and schedules
// the removal of a tombstone that all replicas hold.
func (c *Cluster) repair(k Key, answers []answer, p props) {
	merged := reconcile(answers, p)
	if merged == nil {
		return
	}
	for _, a := range answers {
		stale := a.object == nil || !a.object.clock.descends(merged.clock)
		if stale && !a.node.lagging {
			_, _ = c.replicate(a.vnode, k, merged, p, false) // nothing fails without limits
		}
	}
	c.reapLater(k, answers, merged, p)
}

// reconcile merges the replicas' answers; nil if none has the key.
func reconcile(answers []answer, p props) *object {
	var merged *object
	for _, a := range answers {
		merged = merged.merge(a.object, p)
	}
	return merged
}

func replicaCount(p props, asked *uint32) (int, error) {
	if asked == nil {
		return p.nVal, nil
	}
	if *asked < 1 || int(*asked) > p.nVal {
		return 0, refusef("{n_val_violation,%d}", *asked)
	}
	return int(*asked), nil
}

func chooseBool(asked *bool, property bool) bool {
	return *cmp.Or(asked, &property)
}
