package riaktest_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/basho/riak-go-client/rpb/riak"
	"github.com/basho/riak-go-client/rpb/riak_kv"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/timak-go/timak/timak/riaktest"
)

// Whatever bytes arrive, the node answers or closes the connection, and goes on
// serving others.
func FuzzConnection(f *testing.F) {
	b, k := []byte("b"), []byte("k")
	seeds := []frameSeed{
		{1, nil},
		{7, nil},
		{9, &riak_kv.RpbGetReq{Bucket: b, Key: k, Type: []byte("timelines"), R: proto.Uint32(1), IfModified: []byte("x")}},
		{11, &riak_kv.RpbPutReq{Bucket: b, Key: k, Type: []byte("timelines"), Content: content("v"), ReturnBody: new(true)}},
		{11, &riak_kv.RpbPutReq{Bucket: b, Content: content("v"), IfNoneMatch: new(true), W: proto.Uint32(riaktest.QuorumAll)}},
		{13, &riak_kv.RpbDelReq{Bucket: b, Key: k, Type: []byte("timelines"), Rw: proto.Uint32(1)}},
		{19, &riak.RpbGetBucketReq{Bucket: b}},
		{21, &riak.RpbSetBucketReq{Bucket: b, Props: &riak.RpbBucketProps{NVal: proto.Uint32(2), AllowMult: new(true)}}},
		{29, &riak.RpbResetBucketReq{Bucket: b}},
		{31, &riak.RpbGetBucketTypeReq{Type: []byte("default")}},
		{32, &riak.RpbSetBucketTypeReq{Type: []byte("default"), Props: &riak.RpbBucketProps{R: proto.Uint32(1)}}},
		{255, nil},
	}
	var all []byte
	for _, seed := range seeds {
		frame := seed.bytes(f)
		f.Add(frame)
		all = append(all, frame...)
	}
	f.Add(all)
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 9})

	c := riaktest.Start(f, &riaktest.Options{Nodes: 1, MaxFrame: 1 << 20, MaxSize: 1 << 20, ReapAfter: time.Millisecond, Timeout: time.Millisecond})
	f.Fuzz(func(t *testing.T, input []byte) {
		w := dial(t, c.Addresses()[0])
		go func() {
			_, _ = w.socket.Write(input)             // the node may hang up in the middle
			_ = w.socket.(*net.TCPConn).CloseWrite() // or before
		}()
		if _, err := io.Copy(io.Discard, w.socket); err != nil && ending(err) != "closed" {
			t.Fatalf("the connection does not end: %v", err)
		}
		after := dial(t, c.Addresses()[0])
		after.send(raw(1, nil)...)
		after.expect("ping on another connection", "2")
	})
}

type frameSeed struct {
	code byte
	m    protoadapt.MessageV1
}

func (s frameSeed) bytes(t testing.TB) []byte { return message(t, s.code, s.m) }
