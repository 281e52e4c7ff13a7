package riaktest_test

import (
	"errors"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/riaktest"
)

// client is the real client, with results that tests can compare easily.
type client struct {
	t       testing.TB
	cluster *riak.Cluster
}

type (
	getOption = func(*riak.FetchValueCommandBuilder)
	putOption = func(*riak.StoreValueCommandBuilder)
)

// outcome is the result of a request. In words: the values in order, with _ for an
// empty one and † for a tombstone; or notfound, unchanged, done, or "error" and the
// server's text.
type outcome struct {
	words string
	clock []byte
}

// TestMain silences the client, which logs every failure to standard error.
func TestMain(m *testing.M) {
	quiet := log.New(io.Discard, "", 0)
	riak.SetLogger(quiet)
	riak.SetErrorLogger(quiet)
	os.Exit(m.Run())
}

// connect makes a client that tries everything once.
func connect(t testing.TB, addresses ...string) *client {
	t.Helper()
	var nodes []*riak.Node
	for _, address := range addresses {
		node, err := riak.NewNode(&riak.NodeOptions{RemoteAddress: address, RequestTimeout: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, node)
	}
	cluster, err := riak.NewCluster(&riak.ClusterOptions{Nodes: nodes, ExecutionAttempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Errorf("client: stop: %v", err)
		}
	})
	return &client{t: t, cluster: cluster}
}

func (c *client) get(k riaktest.Key, opts ...getOption) outcome {
	b := riak.NewFetchValueCommandBuilder().WithBucketType(k.Type).WithBucket(k.Bucket).WithKey(k.Key)
	for _, opt := range opts {
		opt(b)
	}
	cmd, err := b.Build()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cluster.Execute(cmd); err != nil {
		return failure(err)
	}
	switch r := cmd.(*riak.FetchValueCommand).Response; {
	case r.IsNotFound:
		return bare("notfound", r.VClock)
	case r.IsUnchanged:
		return bare("unchanged", r.VClock)
	default:
		return outcome{words: words(r.Values), clock: r.VClock}
	}
}

func (c *client) put(k riaktest.Key, value string, clock []byte, opts ...putOption) outcome {
	b := riak.NewStoreValueCommandBuilder().WithBucketType(k.Type).WithBucket(k.Bucket).WithKey(k.Key).
		WithContent(&riak.Object{Value: []byte(value), ContentType: "text/plain", VClock: clock})
	for _, opt := range opts {
		opt(b)
	}
	cmd, err := b.Build()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cluster.Execute(cmd); err != nil {
		return failure(err)
	}
	r := cmd.(*riak.StoreValueCommand).Response
	if len(r.Values) == 0 {
		return bare("done", r.VClock)
	}
	return outcome{words: words(r.Values), clock: r.VClock}
}

func (c *client) del(k riaktest.Key, clock []byte) outcome {
	b := riak.NewDeleteValueCommandBuilder().WithBucketType(k.Type).WithBucket(k.Bucket).WithKey(k.Key)
	if clock != nil {
		b.WithVClock(clock)
	}
	cmd, err := b.Build()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cluster.Execute(cmd); err != nil {
		return failure(err)
	}
	return outcome{words: "done"}
}

// bare is an outcome without a vector clock; it says so if there is one.
func bare(words string, clock []byte) outcome {
	if len(clock) > 0 {
		words += " with a vector clock"
	}
	return outcome{words: words, clock: clock}
}

func words(values []*riak.Object) string {
	var out []string
	for _, v := range values {
		switch {
		case v.IsTombstone:
			out = append(out, "†")
		case len(v.Value) == 0:
			out = append(out, "_")
		default:
			out = append(out, string(v.Value))
		}
	}
	return strings.Join(out, " ")
}

func failure(err error) outcome {
	for {
		var outer riak.ClientError
		if !errors.As(err, &outer) || outer.InnerError == nil {
			break
		}
		err = outer.InnerError
	}
	if refused, ok := errors.AsType[riak.RiakError](err); ok {
		return outcome{words: "error " + refused.Errmsg}
	}
	return outcome{words: "broken: " + err.Error()}
}

func returnBody(b *riak.StoreValueCommandBuilder)    { b.WithReturnBody(true) }
func returnHead(b *riak.StoreValueCommandBuilder)    { b.WithReturnHead(true) }
func ifNoneMatch(b *riak.StoreValueCommandBuilder)   { b.WithIfNoneMatch(true) }
func ifNotModified(b *riak.StoreValueCommandBuilder) { b.WithIfNotModified(true) }
func headOnly(b *riak.FetchValueCommandBuilder)      { b.WithHeadOnly(true) }
func deletedVClock(b *riak.FetchValueCommandBuilder) { b.WithReturnDeletedVClock(true) }
func notFoundFails(b *riak.FetchValueCommandBuilder) { b.WithNotFoundOk(false) }
func basicQuorum(b *riak.FetchValueCommandBuilder)   { b.WithBasicQuorum(true) }
func sloppyGet(sloppy bool) getOption {
	return func(b *riak.FetchValueCommandBuilder) { b.WithSloppyQuorum(sloppy) }
}

func sloppyPut(sloppy bool) putOption {
	return func(b *riak.StoreValueCommandBuilder) { b.WithSloppyQuorum(sloppy) }
}
func withR(r uint32) getOption   { return func(b *riak.FetchValueCommandBuilder) { b.WithR(r) } }
func withPR(pr uint32) getOption { return func(b *riak.FetchValueCommandBuilder) { b.WithPr(pr) } }
func withW(w uint32) putOption   { return func(b *riak.StoreValueCommandBuilder) { b.WithW(w) } }
func withDW(dw uint32) putOption { return func(b *riak.StoreValueCommandBuilder) { b.WithDw(dw) } }
func withPW(pw uint32) putOption { return func(b *riak.StoreValueCommandBuilder) { b.WithPw(pw) } }
func putTimeout(d time.Duration) putOption {
	return func(b *riak.StoreValueCommandBuilder) { b.WithTimeout(d) }
}

func ifModified(clock []byte) getOption {
	return func(b *riak.FetchValueCommandBuilder) { b.WithIfModified(clock) }
}

var keys atomic.Int64

// newKey returns a key that nobody has used.
func newKey(bucketType string) riaktest.Key {
	return riaktest.Key{Type: bucketType, Bucket: runID, Key: "key-" + strconv.FormatInt(keys.Add(1), 10)}
}

var runID = "timak-" + strconv.FormatInt(time.Now().UnixNano(), 36)

// eventually polls until done returns true.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	const patience = 20 * time.Second
	for deadline := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func expect(t testing.TB, what string, got outcome, want string) outcome {
	t.Helper()
	if got.words != want {
		t.Errorf("%s: got %q, want %q", what, got.words, want)
	}
	return got
}
