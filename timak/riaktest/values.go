package riaktest

import (
	"context"
	"maps"

	"github.com/basho/riak-go-client/rpb/riak_kv"
)

// get answers a get.
func get(_ context.Context, n *Node, q *riak_kv.RpbGetReq) (frame, error) {
	if err := checkNames(q.Type, q.Bucket, q.Key); err != nil {
		return frame{}, err
	}
	o, err := n.cluster.fetch(n, keyOf(q.Type, q.Bucket, q.Key), q)
	switch {
	case err != nil:
		return frame{}, err
	case o == nil || o.deleted() && !q.GetDeletedvclock():
		return reply(codeGot, nil)
	case o.deleted():
		return reply(codeGot, &riak_kv.RpbGetResp{Vclock: o.clock.encode()})
	}
	known, err := decodeToken(q.IfModified)
	if err != nil {
		return frame{}, err
	}
	if maps.Equal(known, o.clock) {
		return reply(codeGot, &riak_kv.RpbGetResp{Unchanged: new(true)})
	}
	return reply(codeGot, &riak_kv.RpbGetResp{Content: o.show(q.GetHead()), Vclock: o.clock.encode()})
}

// put answers a put.
func put(ctx context.Context, n *Node, q *riak_kv.RpbPutReq) (frame, error) {
	if err := checkNames(q.Type, q.Bucket, q.Key); err != nil {
		return frame{}, err
	}
	if err := n.checkConditions(q); err != nil {
		return frame{}, err
	}
	seen, err := decodeToken(q.Vclock)
	if err != nil {
		return frame{}, err
	}
	var made []byte
	if q.Key == nil {
		made = []byte(randomTag())
		q.Key = made
	}
	k := keyOf(q.Type, q.Bucket, q.Key)
	o, err := n.cluster.apply(ctx, n, putChange(k, q, seen, n.cluster.options.Clock()))
	if err != nil {
		return frame{}, err
	}
	out := &riak_kv.RpbPutResp{Key: made}
	if q.GetReturnBody() || q.GetReturnHead() {
		out.Content, out.Vclock = o.show(q.GetReturnHead()), o.clock.encode()
	}
	return reply(codePutDone, out)
}

// checkConditions looks at the key before a conditional put. As in Riak, anything
// may happen between this look and the put.
func (n *Node) checkConditions(q *riak_kv.RpbPutReq) error {
	if !q.GetIfNoneMatch() && !q.GetIfNotModified() {
		return nil
	}
	o, err := n.cluster.fetch(n, keyOf(q.Type, q.Bucket, q.Key), &riak_kv.RpbGetReq{NVal: q.NVal, SloppyQuorum: q.SloppyQuorum})
	found := err == nil && o != nil && !o.deleted()
	switch {
	case q.GetIfNoneMatch() && found:
		return refusal("match_found")
	case q.GetIfNoneMatch():
		return nil
	case err != nil:
		return err
	case !found:
		return refusal("notfound")
	}
	seen, err := decodeToken(q.Vclock)
	if err == nil && !maps.Equal(seen, o.clock) {
		err = refusal("modified")
	}
	return err
}

// del answers a delete: it puts a tombstone in place of what the client's vector
// clock saw, or else of what is there.
func del(ctx context.Context, n *Node, q *riak_kv.RpbDelReq) (frame, error) {
	c, k := n.cluster, keyOf(q.Type, q.Bucket, q.Key)
	seen, err := decodeToken(q.Vclock)
	if err != nil {
		return frame{}, err
	}
	if q.Vclock == nil {
		o, err := c.fetch(n, k, c.deleteRead(k, q))
		if err != nil || o == nil || o.deleted() {
			return frame{code: codeDeleted}, err
		}
		seen = o.clock
	}
	if _, err := c.apply(ctx, n, c.deleteChange(k, q, seen)); err != nil {
		return frame{}, err
	}
	if q.NVal == nil {
		_, _ = c.fetch(n, k, &riak_kv.RpbGetReq{R: new(QuorumAll)}) // schedules the removal of the tombstone
	}
	return frame{code: codeDeleted}, nil
}

// deleteRead is the get that a delete begins with. Its quorum is r, or rw if the
// client names neither r nor w.
func (c *Cluster) deleteRead(k Key, q *riak_kv.RpbDelReq) *riak_kv.RpbGetReq {
	r := q.R
	if q.R == nil && q.W == nil {
		r = c.rw(k, q)
	}
	return &riak_kv.RpbGetReq{R: r, Pr: q.Pr, NVal: q.NVal, SloppyQuorum: q.SloppyQuorum}
}

func (c *Cluster) rw(k Key, q *riak_kv.RpbDelReq) *uint32 {
	if q.Rw != nil {
		return q.Rw
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.propsOf(k)
	if err != nil {
		return nil
	}
	return &p.rw
}

func (c *Cluster) deleteChange(k Key, q *riak_kv.RpbDelReq, seen clock) change {
	w := q.W
	if w == nil {
		w = c.rw(k, q)
	}
	return change{
		key:     k,
		write:   write{seen: seen, content: &riak_kv.RpbContent{Deleted: new(true)}, now: c.options.Clock()},
		nVal:    q.NVal,
		w:       w,
		dw:      q.Dw,
		pw:      q.Pw,
		sloppy:  q.SloppyQuorum == nil || q.GetSloppyQuorum(),
		timeout: q.Timeout,
	}
}

// checkNames refuses names that are present but empty. The type and the key may be
// absent; the bucket may not.
func checkNames(bucketType, bucket, key []byte) error {
	switch {
	case len(bucket) == 0:
		return refusal("Bucket cannot be zero-length")
	case key != nil && len(key) == 0:
		return refusal("Key cannot be zero-length")
	case bucketType != nil && len(bucketType) == 0:
		return refusal("Type cannot be zero-length")
	}
	return nil
}

// decodeToken reads a client's vector clock. Riak trusts it, and crashes on a
// damaged one.
func decodeToken(token []byte) (clock, error) {
	seen, err := decodeClock(token)
	if err != nil {
		return nil, crash("error:data_error")
	}
	return seen, nil
}
