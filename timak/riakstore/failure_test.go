package riakstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

// quick are options under which a lost node costs a test little.
func quick() *riakstore.Options {
	return &riakstore.Options{RequestTimeout: 300 * time.Millisecond, RetryTime: 5 * time.Second, ConnectTimeout: 300 * time.Millisecond}
}

// within fails the test if do takes longer than a caller may be kept.
func within(t *testing.T, limit time.Duration, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("not done within %v", limit)
	}
}

// TestAllDown: no node answers at the start (H1, H8): Open says so, and does
// not spin.
func TestAllDown(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	for _, node := range cluster.Nodes() {
		node.Stop()
	}
	opts := quick()
	opts.RetryTime = 500 * time.Millisecond
	within(t, 10*time.Second, func() {
		if _, err := riakstore.Open(cluster.Addresses(), opts); !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
}

// TestNodeDownAtStart: one node that answers is enough, and the others are used
// when they are back.
func TestNodeDownAtStart(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	cluster.Nodes()[0].Stop()
	store := open(t, cluster.Addresses(), quick())
	put(t, store, "k", "v")
	if err := cluster.Nodes()[0].Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); cluster.Nodes()[0].Requests(riaktest.Get) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the node that is back is never asked")
		}
		want(t, store, "k", "v")
	}
}

// TestNodeLost: neither reads nor writes notice that a node dies, nor that all
// connections do (H5).
func TestNodeLost(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), quick())
	for i, node := range cluster.Nodes() {
		node.Stop()
		for j := range 20 {
			key := fmt.Sprint(i, "/", j)
			put(t, store, key, "v")
			want(t, store, key, "v")
		}
		if err := node.Restart(); err != nil {
			t.Fatal(err)
		}
		want(t, store, fmt.Sprint(i, "/0"), "v")
	}
}

// TestHungNode: a node that takes requests and never answers costs one request
// timeout, and is asked last for a while (H6).
func TestHungNode(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), quick())
	put(t, store, "k", "v")
	cluster.Inject(riaktest.Match{Node: cluster.Nodes()[1]}, riaktest.Hang())
	within(t, 10*time.Second, func() {
		for range 30 {
			want(t, store, "k", "v")
		}
	})
}

// TestCancelled: a caller whose context ends is freed at once, whatever hangs,
// and Close waits for nobody for ever.
func TestCancelled(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), nil)
	cluster.Inject(riaktest.Match{}, riaktest.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	within(t, time.Second, func() {
		if _, err := store.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Get: got %v, want the context's error", err)
		}
		if _, err := store.Put(ctx, "k", []byte("v"), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Put: got %v, want the context's error", err)
		}
	})
	within(t, 20*time.Second, func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestLostAck: a write whose answer was lost is neither lost nor doubled (H4).
func TestLostAck(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), quick())
	for i, fault := range []riaktest.Fault{riaktest.LoseReply(), riaktest.CutReply(), riaktest.Drop(), riaktest.EmptyReply(), riaktest.HangReply()} {
		key := fmt.Sprint(i)
		injection := cluster.Inject(riaktest.Match{Kind: riaktest.Put, Key: key, Count: 1}, fault)
		put(t, store, key, "v")
		if injection.Hits() != 1 {
			t.Errorf("fault %d: %d hits, want 1", i, injection.Hits())
		}
		want(t, store, key, "v")
		injection.Remove()
	}
}

// TestRefusals: errors of Riak's that callers can branch on, sent once (H3).
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		err   error
		sends int // 0: as often as there is time
	}{
		{"{too_large,53477567}", driver.ErrTooLarge, 1},
		{"{too_many_siblings,101}", riakstore.ErrTooManySiblings, 1},
		{"{n_val_violation,3}", riakstore.ErrMisconfigured, 1},
		{"no_type", riakstore.ErrMisconfigured, 1},
		{"{pw_val_unsatisfied,2,1}", driver.ErrUnavailable, 1},
		{"overload", driver.ErrUnavailable, 0},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			cluster := riaktest.Start(t, nil)
			opts := quick()
			opts.RetryTime = 200 * time.Millisecond
			store := open(t, cluster.Addresses(), opts)
			fault := cluster.Inject(riaktest.Match{Kind: riaktest.Put}, riaktest.Fail(test.text))
			_, err := store.Put(t.Context(), "k", []byte("v"), nil)
			if !errors.Is(err, test.err) {
				t.Errorf("got %v, want %v", err, test.err)
			}
			if test.sends > 0 && fault.Hits() != test.sends || fault.Hits() == 0 {
				t.Errorf("sent %d times, want %d", fault.Hits(), test.sends)
			}
		})
	}
}

// TestNotFoundIsNotAbsent: a node is lost that held two of three replicas; the
// empty fallbacks outvote the third.
func TestNotFoundIsNotAbsent(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, &riaktest.Options{Ring: riaktest.CrowdedRing(), Order: riaktest.EmptyFirst})
	store := open(t, cluster.Addresses(), quick())
	for i := range 300 {
		put(t, store, fmt.Sprint(i), "v")
	}
	cluster.Nodes()[2].Stop()
	for i := range 300 {
		want(t, store, fmt.Sprint(i), "v")
	}
}

// TestMisconfigured: Open refuses what would lose data, and says what mends it.
func TestMisconfigured(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, &riaktest.Options{Types: map[string]riaktest.Props{
		"lww":    {LastWriteWins: true},
		"no_dvv": {NoDVV: true},
		"set":    {DataType: "set"},
	}})
	for bucketType, mend := range map[string]string{
		"absent":  "riak admin bucket-type create absent",
		"default": `riak admin bucket-type update default '{"props":{"allow_mult":true}}'`,
		"lww":     `riak admin bucket-type update lww '{"props":{"last_write_wins":false}}'`,
		"no_dvv":  `riak admin bucket-type update no_dvv '{"props":{"dvv_enabled":true}}'`,
		"set":     "riak admin bucket-type create",
	} {
		_, err := riakstore.Open(cluster.Addresses(), &riakstore.Options{BucketType: bucketType})
		if !errors.Is(err, riakstore.ErrMisconfigured) || !strings.Contains(err.Error(), mend) {
			t.Errorf("%s: got %v, want ErrMisconfigured with %q", bucketType, err, mend)
		}
	}
}

// TestManyWriters: adds and removes from many clients at one key, with lost
// acks, a lagging replica and a restart in the middle.
func TestManyWriters(t *testing.T) {
	t.Parallel()
	const writers, clients, each = 8, 4, 60
	cluster := riaktest.Start(t, nil)
	engines := make([]*timak.Timelines, clients)
	for i := range engines {
		engines[i] = timak.New(open(t, cluster.Addresses(), quick()), nil)
	}
	cluster.Inject(riaktest.Match{Kind: riaktest.Put, Skip: 30, Count: 5}, riaktest.LoseReply())
	cluster.Nodes()[2].Lag()
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", w, i)
				item := timak.Item{ID: id, At: time.UnixMicro(int64(i))}
				if _, err := engines[w%clients].Add(t.Context(), "hot", item); err != nil {
					t.Errorf("add %s: %v", id, err)
				}
				if i%3 != 0 {
					continue
				}
				if _, err := engines[w%clients].Delete(t.Context(), "hot", id); err != nil {
					t.Errorf("delete %s: %v", id, err)
				}
			}
		})
	}
	group.Go(func() {
		if err := cluster.Nodes()[1].Restart(); err != nil {
			t.Error(err)
		}
	})
	group.Wait()
	cluster.Heal()
	var all []string
	for w := range writers {
		for i := range each {
			if i%3 != 0 {
				all = append(all, fmt.Sprintf("%d-%d", w, i))
			}
		}
	}
	timeline, err := engines[0].Get(t.Context(), "hot")
	if err != nil {
		t.Fatal(err)
	}
	got := timeline.IDs()
	slices.Sort(got)
	slices.Sort(all)
	if !slices.Equal(got, all) {
		t.Errorf("got %d items, want %d", len(got), len(all))
	}
	if _, err := engines[0].Add(t.Context(), "hot", timak.Item{ID: "last", At: time.UnixMicro(1)}); err != nil {
		t.Fatal(err)
	}
	if n := len(cluster.Siblings(riaktest.Key{Type: "timelines", Bucket: "timelines", Key: "hot"})); n != 1 {
		t.Errorf("%d siblings are left, want 1", n)
	}
}

func put(t *testing.T, store *riakstore.Store, key, value string) {
	t.Helper()
	if _, err := store.Put(t.Context(), key, []byte(value), nil); err != nil {
		t.Errorf("put %q: %v", key, err)
	}
}

func want(t *testing.T, store *riakstore.Store, key, value string) {
	t.Helper()
	object, err := store.Get(t.Context(), key)
	if err != nil || len(object.Siblings) != 1 || string(object.Siblings[0]) != value {
		t.Errorf("get %q: got %q, %v, want %q", key, object.Siblings, err, value)
	}
}
