package riakstore_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

// bare is Riak's client alone, in one bucket.
type bare struct {
	client             *riak.Cluster
	bucketType, bucket string
}

// newBare returns a client for the same bucket as a store that was opened with
// opts.
func newBare(t testing.TB, nodes []string, opts *riakstore.Options) bare {
	t.Helper()
	var all []*riak.Node
	for _, address := range nodes {
		node, err := riak.NewNode(&riak.NodeOptions{RemoteAddress: address, RequestTimeout: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, node)
	}
	client, err := riak.NewCluster(&riak.ClusterOptions{Nodes: all, ExecutionAttempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Stop(); err != nil {
			t.Errorf("client: stop: %v", err)
		}
	})
	return bare{client, opts.BucketType, opts.Bucket}
}

// fetch returns the siblings, and the vector clock that covers them.
func (b bare) fetch(t testing.TB, key string) ([]*riak.Object, []byte) {
	t.Helper()
	command, err := riak.NewFetchValueCommandBuilder().WithBucketType(b.bucketType).WithBucket(b.bucket).WithKey(key).
		WithReturnDeletedVClock(true).WithTimeout(2 * time.Second).Build()
	if err == nil {
		err = b.client.Execute(command)
	}
	if err != nil {
		t.Fatalf("fetch %q: %v", key, err)
	}
	response := command.(*riak.FetchValueCommand).Response
	return response.Values, response.VClock
}

func (b bare) store(t testing.TB, key string, value, vclock []byte) {
	t.Helper()
	builder := riak.NewStoreValueCommandBuilder().WithBucketType(b.bucketType).WithBucket(b.bucket).WithKey(key).
		WithContent(&riak.Object{ContentType: "application/octet-stream", Value: value}).WithTimeout(2 * time.Second)
	if len(vclock) > 0 {
		builder.WithVClock(vclock)
	}
	command, err := builder.Build()
	if err == nil {
		err = b.client.Execute(command)
	}
	if err != nil {
		t.Fatalf("store %q: %v", key, err)
	}
}

// wantOurs checks that there is a single value, written by the engine.
func (b bare) wantOurs(t testing.TB, key string) {
	t.Helper()
	siblings, _ := b.fetch(t, key)
	if len(siblings) != 1 || !bytes.HasPrefix(siblings[0].Value, []byte("tk")) {
		t.Errorf("%q: got %d siblings, the first %.40q; want one that begins with tk", key, len(siblings), siblings[0].Value)
	}
}

// takenOver returns an engine on a bucket, and the client with which the ancestor
// of this library, in another program, still writes there.
func takenOver(t testing.TB) (engine, bare) {
	t.Helper()
	nodes, opts := riaktest.Start(t, nil).Addresses(), fresh()
	opts.BucketType = "timelines"
	return engineOver(open(t, nodes, opts), timak.Options{}), newBare(t, nodes, opts)
}

// millis converts the ancestor's milliseconds to a date.
func millis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

var oldTweets = []timak.Item{
	{ID: "4", At: millis(1321963440000)},
	{ID: "3", At: millis(1321963380000), Data: []byte(`{"body": "Hello"}`)},
}

// putTweets stores oldTweets as the ancestor did, with an item 2 that it had
// removed.
func putTweets(t *testing.T, b bare, key string) {
	t.Helper()
	value, err := os.ReadFile("../internal/wire/testdata/ancestor/tweets.json")
	if err != nil {
		t.Fatal(err)
	}
	b.store(t, key, value, nil)
}

func TestAncestor_read(t *testing.T) {
	t.Parallel()
	e, old := takenOver(t)
	putTweets(t, old, feed)
	e.wantItems(t, feed, oldTweets...)
	forward, backward := e.walk(t, 1, feed)
	if diff(forward, oldTweets) != "" || diff(backward, oldTweets) != "" {
		t.Errorf("pages: got %+v, backward %+v; want %+v", forward, backward, oldTweets)
	}
	if siblings, _ := old.fetch(t, feed); len(siblings) != 1 || siblings[0].Value[0] != '[' {
		t.Errorf("reading has changed the value: %.40q", siblings[0].Value)
	}
}

func TestAncestor_rewritten(t *testing.T) {
	t.Parallel()
	e, old := takenOver(t)
	putTweets(t, old, feed)
	timeline, err := e.Add(t.Context(), feed, post(1))
	if err != nil {
		t.Fatal(err)
	}
	want := append([]timak.Item{post(1)}, oldTweets...)
	if d := diff(timeline.Items(), want); d != "" {
		t.Errorf("Add (-want +got)\n%s", d)
	}
	old.wantOurs(t, feed)
	e.wantItems(t, feed, want...)
	// What the ancestor removed stays removed, even if an older value shows up.
	old.store(t, feed, []byte(`[{"id": 2, "score": 1321963320000, "modified": 1321963320000}]`), nil)
	e.put(t, feed, post(2))
	old.wantOurs(t, feed)
	e.wantItems(t, feed, append([]timak.Item{post(2)}, want...)...)
}

// Values that the ancestor wrote at the same time, and one beside the engine's, are
// merged by reads and by writes.
func TestAncestor_siblings(t *testing.T) {
	t.Parallel()
	e, old := takenOver(t)
	ours := timak.Item{ID: "new", At: millis(1700000000000)}
	for _, test := range []struct {
		name    string
		besides []timak.Item // put by the engine
		values  []string
		want    []timak.Item
	}{
		{
			"two of its own", nil,
			[]string{
				`[{"id": 1, "score": 1000, "modified": 5000}, {"id": "2", "score": 2000, "modified": 5000}]`,
				`[{"id": 2, "score": 2000, "modified": 6000, "deleted": true}, {"id": 3, "score": 3000, "modified": 5000, "data": [3]}]`,
			},
			[]timak.Item{{ID: "3", At: millis(3000), Data: []byte("[3]")}, {ID: "1", At: millis(1000)}},
		},
		{
			"an item in both, by the later modified", nil,
			[]string{
				`[{"id": "1", "score": 1000, "modified": 6000, "data": "later"}]`,
				`[{"id": 1, "score": 9000, "modified": 5000, "data": "earlier"}]`,
			},
			[]timak.Item{{ID: "1", At: millis(1000), Data: []byte(`"later"`)}},
		},
		{
			"one beside ours",
			[]timak.Item{ours},
			[]string{`[{"id": 1, "score": 1000, "modified": 5000, "data": null}]`},
			[]timak.Item{ours, {ID: "1", At: millis(1000)}},
		},
		{
			"one beside ours that removes from it",
			[]timak.Item{ours, {ID: "1", At: millis(1)}},
			[]string{`[{"id": 1, "score": 1, "modified": 4000000000000, "deleted": true}]`},
			[]timak.Item{ours},
		},
	} {
		for _, key := range []string{"read, " + test.name, "written, " + test.name} {
			if len(test.besides) > 0 {
				e.put(t, key, test.besides...)
			}
			for _, value := range test.values {
				old.store(t, key, []byte(value), nil)
			}
			e.wantSiblings(t, key, 2)
		}
		e.wantItems(t, "read, "+test.name, test.want...)
		e.put(t, "written, "+test.name, timak.Item{ID: "last", At: millis(1800000000000)})
		old.wantOurs(t, "written, "+test.name)
		e.wantItems(t, "written, "+test.name, append([]timak.Item{{ID: "last", At: millis(1800000000000)}}, test.want...)...)
	}
}
