package riakstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

// TestLostAck: a write whose answer was lost is neither lost nor duplicated (H4).
func TestLostAck(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), quick())
	for i, fault := range []riaktest.Fault{
		riaktest.LoseReply(), riaktest.CutReply(), riaktest.Drop(), riaktest.EmptyReply(), riaktest.HangReply(),
	} {
		key := fmt.Sprint(i)
		injection := cluster.Inject(riaktest.Match{Kind: riaktest.Put, Key: key, Count: 1}, fault)
		within(t, 2*time.Second, func() { put(t, store, key, "v") })
		if injection.Hits() != 1 {
			t.Errorf("fault %d: %d hits, want 1", i, injection.Hits())
		}
		want(t, store, key, "v")
		injection.Remove()
	}
}

// TestUnconfirmedWrite: a stored write is not a success if Riak could not say that
// enough replicas have it.
func TestUnconfirmedWrite(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), quick())
	for _, text := range []string{"overload", "timeout", "an error of tomorrow"} {
		late := cluster.Inject(riaktest.Match{Kind: riaktest.Put, Key: text}, riaktest.FailLate(text))
		within(t, 2*time.Second, func() {
			if _, err := store.Put(t.Context(), text, []byte("v"), nil); !errors.Is(err, driver.ErrUnavailable) {
				t.Errorf("%s: got %v, want ErrUnavailable", text, err)
			}
		})
		if late.Hits() != 1 {
			t.Errorf("%s: sent %d times, want once", text, late.Hits())
		}
		want(t, store, text, "v")
	}
}

// TestLostAckThatIsNotFound: a write is not sent twice because the replicas that
// are asked for it have missed it.
func TestLostAckThatIsNotFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		r, w   riakstore.Quorum
		behind int // nodes
	}{
		"one replica is asked":  {r: riakstore.One, behind: 1},
		"one replica has it":    {w: riakstore.One, behind: 2},
		"one replica is enough": {r: riakstore.One, w: riakstore.One, behind: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := riaktest.Start(t, &riaktest.Options{Order: riaktest.EmptyFirst})
			opts := quick()
			opts.R, opts.W = test.r, test.w
			store := open(t, cluster.Addresses(), opts)
			for _, node := range cluster.Nodes()[:test.behind] {
				node.Lag()
			}
			lost := cluster.Inject(riaktest.Match{Kind: riaktest.Put, Count: 1}, riaktest.LoseReply())
			within(t, 2*time.Second, func() { put(t, store, "k", "v") })
			if n := len(cluster.Siblings(riaktest.Key{Type: "timelines", Bucket: "timelines", Key: "k"})); n != 1 || lost.Hits() != 1 {
				t.Errorf("%d siblings, %d answers lost, want one of each", n, lost.Hits())
			}
		})
	}
}

// TestLostAckOnTooFewReplicas: a write that only one replica has, although more
// should have confirmed it, is not a success, and is not sent again.
func TestLostAckOnTooFewReplicas(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, &riaktest.Options{Order: riaktest.EmptyFirst})
	opts := quick()
	opts.RetryTime = time.Second
	store := open(t, cluster.Addresses(), opts)
	for _, node := range cluster.Nodes()[:2] {
		node.Lag()
	}
	before := cluster.Requests(riaktest.Put)
	_, err := store.Put(t.Context(), "k", []byte("v"), nil)
	if !errors.Is(err, driver.ErrUnavailable) || strings.Count(err.Error(), "for 1s: ") != 1 {
		t.Errorf("got %v, want ErrUnavailable that says once for how long", err)
	}
	if n := cluster.Requests(riaktest.Put) - before; n != 1 {
		t.Errorf("sent %d times, want once", n)
	}
}

// TestLostWriteOfAKnownValue: another write of the same bytes is not mistaken for
// the lost one.
func TestLostWriteOfAKnownValue(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), quick())
	put(t, store, "k", "same")
	lost := cluster.Inject(riaktest.Match{Kind: riaktest.Put, Count: 1}, riaktest.Drop())
	put(t, store, "k", "same")
	object, err := store.Get(t.Context(), "k")
	if err != nil || len(object.Siblings) != 2 {
		t.Errorf("got %q, %v, want both writes", object.Siblings, err)
	}
	if lost.Hits() != 1 {
		t.Errorf("%d writes were lost, want 1", lost.Hits())
	}
}

// TestLostAckThatCannotBeLookedFor: a write is not acknowledged if the look for it
// is refused.
func TestLostAckThatCannotBeLookedFor(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), quick())
	cluster.Inject(riaktest.Match{Kind: riaktest.Put}, riaktest.Drop())
	cluster.Inject(riaktest.Match{Kind: riaktest.Get}, riaktest.Fail("no_type"))
	within(t, time.Second, func() {
		if _, err := store.Put(t.Context(), "k", []byte("v"), nil); !errors.Is(err, riakstore.ErrMisconfigured) {
			t.Errorf("got %v, want ErrMisconfigured", err)
		}
	})
}

// TestRefusals: Riak's errors that callers can branch on are sent once (H3).
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		err   error
		sends int // 0: as often as there is time for
	}{
		{"{too_large,53477567}", driver.ErrTooLarge, 1},
		{"{too_many_siblings,101}", riakstore.ErrTooManySiblings, 1},
		{"{n_val_violation,3}", riakstore.ErrMisconfigured, 1},
		{"{w_val_violation,<<\"x\">>}", riakstore.ErrMisconfigured, 1},
		{"no_type", riakstore.ErrMisconfigured, 1},
		{"Key cannot be zero-length", riakstore.ErrMisconfigured, 1},
		{"Permission denied: User 'overload' does not have 'riak_kv.put' on timelines/too_large", riakstore.ErrMisconfigured, 1},
		{"{pw_val_unsatisfied,2,1}", driver.ErrUnavailable, 1},
		{"{insufficient_vnodes,0,need,2}", driver.ErrUnavailable, 0},
		{"all_nodes_down", driver.ErrUnavailable, 0},
		{"overload", driver.ErrUnavailable, 0},
		{"timeout", driver.ErrUnavailable, 0},
		{"an error of tomorrow", driver.ErrUnavailable, 0},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			cluster := riaktest.Start(t, nil)
			opts := quick()
			opts.RetryTime = 200 * time.Millisecond
			store := open(t, cluster.Addresses(), opts)
			fault := cluster.Inject(riaktest.Match{Kind: riaktest.Put}, riaktest.Fail(test.text))
			within(t, 2*time.Second, func() {
				_, err := store.Put(t.Context(), "k", []byte("v"), nil)
				if !errors.Is(err, test.err) {
					t.Errorf("got %v, want %v", err, test.err)
				}
			})
			if hits := fault.Hits(); test.sends > 0 && hits != test.sends || test.sends == 0 && hits < 2 {
				t.Errorf("sent %d times, want %d (0: again and again)", hits, test.sends)
			}
		})
	}
}

// TestOneRetryTime: the reads of one Get share the retry time.
func TestOneRetryTime(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	opts := quick()
	opts.RequestTimeout, opts.RetryTime = time.Minute, 2*time.Second
	store := open(t, cluster.Addresses(), opts)
	cluster.Inject(riaktest.Match{Kind: riaktest.Get, Count: 1}, riaktest.Delay(1500*time.Millisecond))
	hang := cluster.Inject(riaktest.Match{Kind: riaktest.Get}, riaktest.Hang())
	defer hang.Remove()
	within(t, 3*time.Second, func() {
		if _, err := store.Get(t.Context(), "absent"); !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
}

// TestWhatTheNodesSaid: errors tell what the nodes said, not that the time is up.
func TestWhatTheNodesSaid(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	opts := quick()
	opts.RequestTimeout, opts.RetryTime = time.Minute, 500*time.Millisecond
	store := open(t, cluster.Addresses(), opts)
	const text = "{r_val_unsatisfied,2,1}"
	cluster.Inject(riaktest.Match{Kind: riaktest.Get, Count: 3}, riaktest.Fail(text))
	hang := cluster.Inject(riaktest.Match{Kind: riaktest.Get}, riaktest.Hang())
	defer hang.Remove()
	if _, err := store.Get(t.Context(), "k"); err == nil || !strings.Contains(err.Error(), text) || hang.Hits() == 0 {
		t.Errorf("got %v, want %q", err, text)
	}
}

// TestRefusedReads: a read, too, is sent once if it can never work, and retried if
// it may.
func TestRefusedReads(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	opts := quick()
	opts.RetryTime = 200 * time.Millisecond
	store := open(t, cluster.Addresses(), opts)
	for text, want := range map[string]error{"no_type": riakstore.ErrMisconfigured, "{r_val_unsatisfied,2,1}": driver.ErrUnavailable} {
		fault := cluster.Inject(riaktest.Match{Kind: riaktest.Get}, riaktest.Fail(text))
		if _, err := store.Get(t.Context(), "k"); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", text, err, want)
		}
		if once := fault.Hits() == 1; once != errors.Is(want, riakstore.ErrMisconfigured) {
			t.Errorf("%s: sent %d times", text, fault.Hits())
		}
		fault.Remove()
	}
}
