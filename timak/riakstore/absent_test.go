package riakstore_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

// TestNotFoundIsNotAbsent: a lost node held two of three replicas, and empty
// stand-ins outvote the third. Plain reads by the client show that they do; they
// use other keys, as a read repairs.
func TestNotFoundIsNotAbsent(t *testing.T) {
	t.Parallel()
	const keys, control = 3000, 300
	cluster := riaktest.Start(t, &riaktest.Options{Ring: riaktest.CrowdedRing(), Order: riaktest.EmptyFirst})
	store := open(t, cluster.Addresses(), quick())
	putMany(t, store, keys+control)
	cluster.Nodes()[2].Stop()
	if empty := countEmpty(t, store, 0, keys); empty != 0 {
		t.Errorf("%d of %d keys are reported as empty", empty, keys)
	}
	if missed := plainMisses(t, cluster.Addresses()[0], keys, keys+control); missed < control/10 {
		t.Errorf("plain reads miss %d of %d keys: too few to show anything", missed, control)
	}
}

func keyOf(i int) string { return fmt.Sprint("key ", i) }

// putMany puts the first n keys.
func putMany(t *testing.T, store *riakstore.Store, n int) {
	t.Helper()
	const writers = 16
	together(writers, func(w int) {
		for i := w; i < n; i += writers {
			put(t, store, keyOf(i), "v")
		}
	})
}

// countEmpty reads keys and returns how many of them are reported as empty.
func countEmpty(t *testing.T, store *riakstore.Store, from, to int) int {
	t.Helper()
	const readers = 8
	var empty atomic.Int64
	together(readers, func(r int) {
		for i := from + r; i < to; i += readers {
			object, err := store.Get(t.Context(), keyOf(i))
			if err != nil {
				t.Errorf("get %q: %v", keyOf(i), err)
			}
			if len(object.Siblings) == 0 {
				empty.Add(1)
			}
		}
	})
	return int(empty.Load())
}

// plainMisses reads keys as Riak's client does by default, and returns how many
// were not found.
func plainMisses(t *testing.T, address string, from, to int) int {
	t.Helper()
	client := plainClient(t, address)
	missed := 0
	for i := from; i < to; i++ {
		command, err := riak.NewFetchValueCommandBuilder().WithBucketType("timelines").WithBucket("timelines").WithKey(keyOf(i)).Build()
		if err == nil {
			err = client.Execute(command)
		}
		if err != nil {
			t.Fatal(err)
		}
		if command.(*riak.FetchValueCommand).Response.IsNotFound {
			missed++
		}
	}
	return missed
}

// plainClient returns Riak's client with its default options, until the test ends.
func plainClient(t *testing.T, address string) *riak.Cluster {
	t.Helper()
	node, err := riak.NewNode(&riak.NodeOptions{RemoteAddress: address})
	if err != nil {
		t.Fatal(err)
	}
	client, err := riak.NewCluster(&riak.ClusterOptions{Nodes: []*riak.Node{node}, ExecutionAttempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Stop(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// TestReadsOfAKey: one request for a key that exists, two for one that does not.
func TestReadsOfAKey(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), nil)
	put(t, store, "there", "v")
	for key, want := range map[string]int{"there": 1, "absent": 2} {
		before := cluster.Requests(riaktest.Any)
		if _, err := store.Get(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if n := cluster.Requests(riaktest.Any) - before; n != want {
			t.Errorf("%s: %d requests, want %d", key, n, want)
		}
	}
}

// deletedAndBack returns a store on one node that missed that a deleted key is
// back, and that asks no other node.
func deletedAndBack(t *testing.T) (*riaktest.Cluster, *riakstore.Store) {
	t.Helper()
	cluster := riaktest.Start(t, &riaktest.Options{ReapAfter: riaktest.ReapNever})
	opts := quick()
	opts.R = riakstore.One
	behind, others := open(t, cluster.Addresses()[:1], opts), open(t, cluster.Addresses()[1:], opts)
	put(t, others, "k", "old")
	command, err := riak.NewDeleteValueCommandBuilder().WithBucketType("timelines").WithBucket("timelines").WithKey("k").Build()
	if err == nil {
		err = plainClient(t, cluster.Addresses()[1]).Execute(command)
	}
	if err != nil {
		t.Fatal(err)
	}
	object, err := others.Get(t.Context(), "k")
	if err != nil || len(object.Siblings) != 0 || object.Token == nil {
		t.Fatalf("got %q, %v, want only a token", object.Siblings, err)
	}
	cluster.Nodes()[0].Lag()
	if _, err := others.Put(t.Context(), "k", []byte("new"), object.Token); err != nil {
		t.Fatal(err)
	}
	return cluster, behind
}

// TestDeletedIsNotAbsent: a replica that missed that a key is back does not make
// the key empty.
func TestDeletedIsNotAbsent(t *testing.T) {
	t.Parallel()
	_, store := deletedAndBack(t)
	want(t, store, "k", "new")
}

// TestDeletedWhileReplicasFail: if not all replicas can be asked, the answers of
// the others count.
func TestDeletedWhileReplicasFail(t *testing.T) {
	t.Parallel()
	cluster, store := deletedAndBack(t)
	all := cluster.Inject(riaktest.Match{Kind: riaktest.Get, Skip: 1}, riaktest.Fail("{r_val_unsatisfied,3,2}"))
	within(t, 3*time.Second, func() {
		object, err := store.Get(t.Context(), "k")
		if err != nil || len(object.Siblings) != 0 || object.Token == nil {
			t.Errorf("got %q, %v, want only a token", object.Siblings, err)
		}
	})
	if all.Hits() == 0 {
		t.Error("there was no second read")
	}
}

// TestReadsWhileReplicasFail: failures are not taken to mean that a key is absent.
func TestReadsWhileReplicasFail(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	opts := quick()
	opts.RetryTime = 200 * time.Millisecond
	store := open(t, cluster.Addresses(), opts)
	second := cluster.Inject(riaktest.Match{Kind: riaktest.Get, Skip: 1}, riaktest.Fail("{r_val_unsatisfied,1,0}"))
	if object, err := store.Get(t.Context(), "absent"); err == nil {
		t.Errorf("got %v, want an error", object)
	}
	if second.Hits() == 0 {
		t.Error("there was no second read")
	}
}
