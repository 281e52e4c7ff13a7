package riaktest

import (
	"context"
	"errors"
	"fmt"

	"github.com/basho/riak-go-client/rpb/riak"
	"github.com/basho/riak-go-client/rpb/riak_kv"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// request is a decoded frame.
type request struct {
	kind    Kind
	key     Key // as far as the request names one
	perform func(ctx context.Context, n *Node) (frame, error)
}

// handle carries out one request and reports whether the connection stays open.
func (cn *conn) handle(f frame) bool {
	q, err := decode(f)
	cn.node.countRequest(q.kind)
	hit := cn.node.cluster.faults.match(cn.node, q.kind, q.key)
	if !hit.before(cn.ctx) {
		return false
	}
	out, err := cn.node.perform(cn.ctx, hit, q, err)
	if cn.ctx.Err() != nil {
		return false
	}
	return hit.after(cn, out.encode()) && !isCrash(err)
}

// perform carries out a request unless a fault answers in its place.
func (n *Node) perform(ctx context.Context, hit *Injection, q request, err error) (frame, error) {
	if text, ok := hit.refuses(); ok {
		return errorFrame(text), nil
	}
	var out frame
	if err == nil {
		out, err = q.perform(ctx, n)
	}
	if err != nil {
		out = errorFrame(err.Error())
	}
	return out, err
}

func isCrash(err error) bool {
	var c crash
	return errors.As(err, &c)
}

// decode decodes a frame. Even on an error the request has its kind.
func decode(f frame) (request, error) {
	switch f.code {
	case codePing:
		return request{kind: Ping, perform: plain(codePong)}, nil
	case codeServerInfo:
		return request{kind: ServerInfo, perform: serverInfo}, nil
	case codeGet:
		return decodeAs(f, Get, &riak_kv.RpbGetReq{}, get)
	case codePut:
		return decodeAs(f, Put, &riak_kv.RpbPutReq{}, put)
	case codeDelete:
		return decodeAs(f, Delete, &riak_kv.RpbDelReq{}, del)
	case codeGetBucket:
		return decodeAs(f, GetProps, &riak.RpbGetBucketReq{}, getBucket)
	case codeGetBucketType:
		return decodeAs(f, GetProps, &riak.RpbGetBucketTypeReq{}, getBucketType)
	case codeSetBucket:
		return decodeAs(f, SetProps, &riak.RpbSetBucketReq{}, setBucket)
	case codeSetBucketType:
		return decodeAs(f, SetProps, &riak.RpbSetBucketTypeReq{}, setBucketType)
	case codeResetBucket:
		return decodeAs(f, SetProps, &riak.RpbResetBucketReq{}, resetBucket)
	case codeStartTLS:
		return request{kind: Other}, refusal("Security not enabled; STARTTLS not allowed.")
	default:
		return request{kind: Other}, refusef("Unknown message code: %d", f.code)
	}
}

// named is a message about a bucket type, and perhaps a bucket and a key.
type named interface {
	protoadapt.MessageV1
	GetType() []byte
	GetBucket() []byte
	GetKey() []byte
}

func decodeAs[M named](f frame, kind Kind, m M, handle func(context.Context, *Node, M) (frame, error)) (request, error) {
	if err := proto.Unmarshal(f.body, v2(m)); err != nil {
		return request{kind: kind}, crash(fmt.Sprintf("error:{malformed_message,%d}", f.code))
	}
	q := request{kind: kind, key: keyOf(m.GetType(), m.GetBucket(), m.GetKey())}
	q.perform = func(ctx context.Context, n *Node) (frame, error) { return handle(ctx, n, m) }
	return q, nil
}

func plain(code byte) func(context.Context, *Node) (frame, error) {
	return func(context.Context, *Node) (frame, error) { return frame{code: code}, nil }
}

func serverInfo(_ context.Context, n *Node) (frame, error) {
	return reply(codeServerInfoIs, &riak.RpbGetServerInfoResp{
		Node:          fmt.Appendf(nil, "riaktest%d@127.0.0.1", n.index+1),
		ServerVersion: []byte("3.4.0"),
	})
}
