package riaktest

import (
	"context"

	"github.com/basho/riak-go-client/rpb/riak"
)

func getBucket(_ context.Context, n *Node, q *riak.RpbGetBucketReq) (frame, error) {
	c, k := n.cluster, keyOf(q.Type, q.Bucket, nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.propsOf(k)
	if err != nil {
		return frame{}, refusef("No bucket-type named '%s'", k.Type)
	}
	return reply(codeBucketIs, &riak.RpbGetBucketResp{Props: p.message()})
}

func setBucket(_ context.Context, n *Node, q *riak.RpbSetBucketReq) (frame, error) {
	c, k := n.cluster, keyOf(q.Type, q.Bucket, nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.propsOf(k)
	if err != nil {
		return frame{}, refusef("No bucket-type named '%s'", k.Type)
	}
	p, err = p.with(q.Props, len(c.ring))
	if err != nil {
		return frame{}, err
	}
	c.buckets[k] = p
	return frame{code: codeBucketSet}, nil
}

func resetBucket(_ context.Context, n *Node, q *riak.RpbResetBucketReq) (frame, error) {
	c := n.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.buckets, keyOf(q.Type, q.Bucket, nil))
	return frame{code: codeBucketReset}, nil
}

func getBucketType(_ context.Context, n *Node, q *riak.RpbGetBucketTypeReq) (frame, error) {
	c := n.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.types[string(q.Type)]
	if !ok {
		return frame{}, refusef("Invalid bucket type: <<\"%s\">>", q.Type)
	}
	return reply(codeBucketIs, &riak.RpbGetBucketResp{Props: p.message()})
}

func setBucketType(_ context.Context, n *Node, q *riak.RpbSetBucketTypeReq) (frame, error) {
	c := n.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.types[string(q.Type)]
	if !ok {
		return frame{}, refusal("Invalid bucket properties: undefined")
	}
	p, err := p.with(q.Props, len(c.ring))
	if err != nil {
		return frame{}, err
	}
	c.types[string(q.Type)] = p
	return frame{code: codeBucketSet}, nil
}
