package riaktest_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/riaktest"
)

func TestSiblingsTellAll(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 1, 12, 0, 0, 123456000, time.UTC)
	c := riaktest.Start(t, &riaktest.Options{Clock: func() time.Time { return now }})
	k := riaktest.Key{Bucket: "b", Key: "k"}
	if got := c.Siblings(k); got != nil {
		t.Errorf("siblings of nothing: %v", got)
	}
	client := connect(t, c.Addresses()...)
	client.put(riaktest.Key{Type: "default", Bucket: "b", Key: "k"}, "v", nil, func(b *riak.StoreValueCommandBuilder) {
		b.WithContent(&riak.Object{Value: []byte("v"), ContentType: "a/b", UserMeta: []*riak.Pair{{Key: "who", Value: "me"}}})
	})
	got := c.Siblings(k)
	if len(got) != 1 {
		t.Fatalf("%d siblings, want 1", len(got))
	}
	s := got[0]
	if string(s.Value) != "v" || s.ContentType != "a/b" || s.UserMeta["who"] != "me" || s.Tombstone || !s.Modified.Equal(now) {
		t.Errorf("got %+v", s)
	}
	s.Value[0] = 'x'
	expect(t, "get after the caller changed its copy", client.get(riaktest.Key{Type: "default", Bucket: "b", Key: "k"}), "v")
	if got := c.Siblings(riaktest.Key{Type: "nosuch"}); got != nil {
		t.Errorf("siblings of no type: %v", got)
	}
	if got := c.Replicas(riaktest.Key{Type: "nosuch"}); got != nil {
		t.Errorf("replicas of no type: %v", got)
	}
}

// What a client stores comes back, and the server's own metadata is like Riak's.
func TestContentsComeBack(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	client := connect(t, c.Addresses()...)
	in := &riak.Object{
		Value: []byte("value"), ContentType: "text/plain", Charset: "utf-8", ContentEncoding: "identity",
		UserMeta: []*riak.Pair{{Key: "who", Value: "me"}},
		Indexes:  map[string][]string{"i_bin": {"x"}},
		Links:    []*riak.Link{{Bucket: "b", Key: "other", Tag: "t"}},
		VTag:     "mine",
	}
	vtags := map[string]bool{}
	for range 2 {
		client.put(k, "", nil, func(b *riak.StoreValueCommandBuilder) { b.WithContent(in) })
	}
	b := riak.NewFetchValueCommandBuilder().WithBucketType(k.Type).WithBucket(k.Bucket).WithKey(k.Key)
	cmd, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.cluster.Execute(cmd); err != nil {
		t.Fatal(err)
	}
	for _, out := range cmd.(*riak.FetchValueCommand).Response.Values {
		if !bytes.Equal(out.Value, in.Value) || out.ContentType != in.ContentType || out.Charset != in.Charset || out.ContentEncoding != in.ContentEncoding {
			t.Errorf("got %+v", out)
		}
		if len(out.UserMeta) != 1 || *out.UserMeta[0] != *in.UserMeta[0] || len(out.Links) != 1 || *out.Links[0] != *in.Links[0] || out.Indexes["i_bin"][0] != "x" {
			t.Errorf("got metadata %+v", out)
		}
		if len(out.VTag) != 22 || time.Since(out.LastModified) > time.Minute {
			t.Errorf("got vtag %q, modified %v", out.VTag, out.LastModified)
		}
		vtags[out.VTag] = true
	}
	if len(vtags) != 2 {
		t.Errorf("two puts have vtags %v", vtags)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	nodes := c.Nodes()
	k := newKey("timelines")
	w := dial(t, nodes[0].Address())
	for _, m := range [][]byte{raw(1, nil), raw(7, nil), getMessage(t, k), getMessage(t, k), putMessage(t, k, "v"), raw(250, nil), raw(255, nil)} {
		w.send(m...)
		w.receive()
	}
	other := dial(t, nodes[1].Address())
	other.send(getMessage(t, k)...)
	other.expect("get", "10")

	for kind, want := range map[riaktest.Kind]int{
		riaktest.Any: 8, riaktest.Connect: 2, riaktest.Ping: 1, riaktest.ServerInfo: 1, riaktest.Get: 3, riaktest.Put: 1, riaktest.Delete: 0, riaktest.Other: 2,
	} {
		if got := c.Requests(kind); got != want {
			t.Errorf("kind %d: %d requests, want %d", kind, got, want)
		}
	}
	if got := nodes[1].Requests(riaktest.Any); got != 1 {
		t.Errorf("second node: %d requests, want 1", got)
	}
	if all, first, third := c.Connections(), nodes[0].Connections(), nodes[2].Connections(); all != 2 || first != 1 || third != 0 {
		t.Errorf("connections: %d, %d, %d, want 2, 1, 0", all, first, third)
	}
	if err := w.socket.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "end of a connection", func() bool { return c.Connections() == 1 })
}

// As measured on a real node: if all writers read, merge and write, nothing is
// lost, and there are never more siblings than writers.
func TestManyWritersOfOneKey(t *testing.T) {
	t.Parallel()
	const writers, rounds = 8, 25
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	var all sync.WaitGroup
	for i := range writers {
		client := connect(t, c.Addresses()[i%3])
		all.Go(func() {
			for n := range rounds {
				got := client.get(k)
				elements := map[string]bool{fmt.Sprintf("%d-%d", i, n): true}
				for e := range strings.FieldsFuncSeq(strings.TrimPrefix(got.words, "notfound"), func(r rune) bool { return r == ' ' || r == ',' }) {
					elements[e] = true
				}
				expect(t, "put", client.put(k, strings.Join(slices.Sorted(maps.Keys(elements)), ","), got.clock), "done")
			}
		})
	}
	all.Wait()
	elements := map[string]bool{}
	for _, s := range c.Siblings(k) {
		for e := range strings.SplitSeq(string(s.Value), ",") {
			elements[e] = true
		}
	}
	if len(elements) != writers*rounds {
		t.Errorf("%d elements in the end, want %d", len(elements), writers*rounds)
	}
	if most := c.MostSiblings(k); most < 1 || most > writers {
		t.Errorf("up to %d siblings, want at most %d", most, writers)
	}
}
