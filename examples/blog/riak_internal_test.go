package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

// onRiak starts a cluster and returns its addresses for a command line.
func onRiak(t *testing.T, opts *riaktest.Options) string {
	t.Helper()
	return list(riaktest.Start(t, opts))
}

func list(cluster *riaktest.Cluster) string { return strings.Join(cluster.Addresses(), ",") }

// The loss and return of a node goes unnoticed by users: nobody gets an error, and
// nothing disappears from a page. Half of the keys lose two of their three replicas
// with the node.
func TestRiak_lostNode(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, &riaktest.Options{Ring: riaktest.CrowdedRing()})
	blog := start(t, "-data", t.TempDir(), "-riak", list(cluster))
	brett := blog.signUp(t, "brett")
	reader := caller{t: t, url: blog.url}
	brett.write("0")
	brett.shows("/api/timeline", "title", "0")
	stopReading := reader.readOn("/api/timeline", "title", "0")

	want := "0"
	for i, node := range cluster.Nodes() {
		during, after := fmt.Sprint(2*i+1), fmt.Sprint(2*i+2)
		node.Stop()
		post := brett.write(during)
		brett.want(http.StatusOK, "PATCH", fmt.Sprintf("/api/posts/%d", post.ID), `{"draft":true}`, nil)
		brett.want(http.StatusOK, "PATCH", fmt.Sprintf("/api/posts/%d", post.ID), `{"draft":false}`, nil)
		want = during + " " + want
		reader.shows("/api/timeline", "title", want)
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
		brett.write(after)
		want = after + " " + want
		reader.shows("/api/timeline", "title", want)
		reader.shows("/api/users/brett/posts", "title", want)
		reader.want(http.StatusOK, "GET", "/readyz", "", nil)
	}
	stopReading()
	if logged := blog.trouble(); strings.Contains(logged, "blog: ") { // the store may report lost nodes
		t.Errorf("the blog had to complain: %s", logged)
	}
}

// readOn reads a timeline again and again. It fails the test if the answer is an
// error, or if the oldest item does not have this text. The function that it
// returns ends the reading.
func (c caller) readOn(path, column, oldest string) (stop func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	var reading sync.WaitGroup
	reading.Go(func() {
		for ctx.Err() == nil {
			got, page := c.call("GET", path, ""), timelinePage{}
			err := json.Unmarshal([]byte(got.body), &page)
			if got.status != http.StatusOK || err != nil || !strings.HasSuffix(" "+page.texts(column), " "+oldest) {
				c.t.Errorf("GET %s: got %d %s, want 200 and %q at the end", path, got.status, got.body, oldest)
				return
			}
		}
	})
	return func() { cancel(); reading.Wait() }
}

// While the cluster is down the blog is not ready, but accepts posts all the same;
// they reach their timelines when it is back.
func TestRiak_gone(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	args := []string{"-data", t.TempDir(), "-riak", list(cluster)}
	blog := start(t, args...)
	brett := blog.signUp(t, "brett")
	brett.write("before")
	for _, node := range cluster.Nodes() {
		node.Stop()
	}
	var problem struct{ Error string }
	brett.want(http.StatusServiceUnavailable, "GET", "/readyz", "", &problem)
	if problem.Error != "the timelines cannot be read" {
		t.Errorf("/readyz: got %q", problem.Error)
	}
	brett.write("meanwhile")
	begun := time.Now()
	blog.stop(t)
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	for _, node := range cluster.Nodes() {
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
	}
	caller{t: t, url: start(t, args...).url}.shows("/api/timeline", "title", "meanwhile before")
}

// A blog that is stopped applies the committed changes to the cluster, and closes
// its connections.
func TestRiak_stop(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	blog := start(t, "-data", t.TempDir(), "-riak", list(cluster))
	brett := blog.signUp(t, "brett")
	overload := cluster.Inject(riaktest.Match{Kind: riaktest.Put}, riaktest.Fail("overload"))
	post := brett.write("last")
	blog.cancel()
	blog.letsNobodyIn(t)
	overload.Remove()
	blog.stop(t)
	eventually(t, func() (bool, string) {
		open := cluster.Connections()
		return open == 0, fmt.Sprintf("%d connections are open", open)
	})
	if got, want := itemsOn(t, cluster, "site:posts"), fmt.Sprintf("posts:%d", post.ID); !slices.Equal(got, []string{want}) {
		t.Errorf("after the blog has ended: the timeline has %v, want %v", got, want)
	}
}

// itemsOn returns the ids on a timeline, as another program reads them.
func itemsOn(t *testing.T, cluster *riaktest.Cluster, key string) []string {
	t.Helper()
	store, err := riakstore.Open(cluster.Addresses(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	timeline, err := timak.New(store, nil).Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return timeline.IDs()
}

// A cluster without the bucket type is refused, with the command that creates the
// type.
func TestRiak_noBucketType(t *testing.T) {
	t.Parallel()
	riak := onRiak(t, &riaktest.Options{Types: map[string]riaktest.Props{"timelines": {NoSiblings: true}}})
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-data", t.TempDir(), "-riak", riak}, noEnv, &stdout, &stderr)
	if code != 1 || stdout.Len() > 0 || !strings.Contains(stderr.String(), "\triak admin bucket-type update timelines") {
		t.Errorf("got %d, %q, %q, want 1 and a command", code, stdout.String(), stderr.String())
	}
}

// A cluster that does not answer, hangs, or takes too long is given up after a
// while, with the reason.
func TestRiak_unreachable(t *testing.T) {
	t.Parallel()
	const wait = 300 * time.Millisecond
	gone, hangs, slow := riaktest.Start(t, nil), riaktest.Start(t, nil), riaktest.Start(t, nil)
	gone.Close()
	hangs.Inject(riaktest.Match{Kind: riaktest.Put}, riaktest.Hang())
	slow.Inject(riaktest.Match{}, riaktest.Delay(wait/3))
	for name, test := range map[string]struct {
		cluster *riaktest.Cluster
		why     string
	}{
		"gone":  {gone, "connection refused"},
		"hangs": {hangs, "for 300ms: "},
		"slow":  {slow, ""}, // "not done within 600ms", on a machine that is not slow itself
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config{addr: "127.0.0.1:0", storage: storage.Config{Folder: t.TempDir(), Riak: test.cluster.Addresses(), RiakWait: wait}}
			ctx, stop := context.WithTimeout(t.Context(), 20*time.Second) // in case it does start
			defer stop()
			begun := time.Now()
			err := serve(ctx, c, io.Discard, quiet())
			if err == nil || !strings.Contains(err.Error(), "reach Riak at "+list(test.cluster)) || !strings.Contains(err.Error(), test.why) {
				t.Errorf("got %v, want %q", err, test.why)
			}
			if took := time.Since(begun); took < wait || took > 8*time.Second {
				t.Errorf("took %v, want about %v", took, wait)
			}
		})
	}
}

// Stopping a blog that waits for Riak takes effect at once, and is not an error.
func TestRiak_stopWhileWaiting(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	cluster.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	var stdout, stderr bytes.Buffer
	begun := time.Now()
	code := run(ctx, []string{"-data", t.TempDir(), "-riak", list(cluster)}, noEnv, &stdout, &stderr)
	if took := time.Since(begun); code != 0 || took > 8*time.Second {
		t.Errorf("got %d after %v, %q, want 0", code, took, stderr.String())
	}
}
