package riakstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

// What Riak's client does when something fails, and the test that it does not
// affect callers:
//
//	H1  spins forever if its first command finds no node    TestAllDown, TestFirstRequestsTogether, TestConnectionThatFailsAtFirst
//	H2  takes a full pool for a lost node                   TestMoreCallersThanConnections
//	H3  repeats what Riak has refused                       TestRefusals
//	H4  repeats a put that timed out                        TestLostAck
//	H5  fails once for each connection of a lost node       TestNodeLost, TestRestartUnderManyConnections
//	H6  keeps asking a node that hangs                      TestHungNode
//	H7  connects while it holds the pool's lock             TestHungConnections
//	H8  starts without a node, and without an error         TestAllDown, TestNodeDownAtStart
//	H9  panics if it is stopped during a command            TestCloseDuringRequests
//	H10 keeps a connection that Riak has closed             TestForeignTokenIsNotSent
//	H11 trusts an answer's length                           TestDamagedAnswers; but a huge length makes the client allocate as much
//	H12 loses its place if it reads again after a timeout   cannot happen: TempNetErrorRetries is 0
//	H13 adds nodes without a lock                           cannot happen: every node has a client of its own
//	H14 leaks abandoned requests                            TestNothingIsLeftBehind
//	H15 runs queued commands that nobody waits for          cannot happen: there is no queue; TestNothingIsSentForNobody for ours
//	H16 resolves an address only once                       cannot happen here: addresses are numbers; that of a lost node is resolved again
//	H17 commands can be used only once                      TestRequestsAreMadeAfresh
//	H18 writes to standard error                            TestClientIsSilent
//	H19 reports a wrong password as a timeout               TestWrongPassword and others in security_test.go

// within fails the test if do takes longer than a caller may be kept waiting.
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

// H1, H8: no node answers at start-up. Open says so, and does not spin.
func TestAllDown(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	for _, node := range cluster.Nodes() {
		node.Stop()
	}
	opts := quick()
	opts.RetryTime = 500 * time.Millisecond
	within(t, 5*time.Second, func() {
		if _, err := riakstore.Open(cluster.Addresses(), opts); !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
}

// H1: many first requests to a node at once, while it is down and after it is back.
func TestFirstRequestsTogether(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	opts := quick()
	opts.RetryTime = 500 * time.Millisecond
	for _, node := range cluster.Nodes()[1:] {
		node.Stop()
	}
	store := open(t, cluster.Addresses(), opts)
	cluster.Nodes()[0].Stop()
	within(t, 5*time.Second, func() {
		together(50, func(int) {
			if _, err := store.Get(t.Context(), "k"); !errors.Is(err, driver.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
		})
	})
	for _, node := range cluster.Nodes() {
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
	}
	within(t, 5*time.Second, func() {
		together(50, func(i int) { put(t, store, fmt.Sprint(i), "v") })
	})
}

// together runs do n times at once.
func together(n int, do func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { do(i) })
	}
	group.Wait()
}

// H2: callers wait for a free connection. The log would show a node that is taken
// for lost.
func TestMoreCallersThanConnections(t *testing.T) {
	t.Parallel()
	const callers, connections = 50, 4
	cluster := riaktest.Start(t, nil)
	opts, log := quick(), newLog()
	opts.Connections, opts.RequestTimeout, opts.Logger = connections, 5*time.Second, log.logger()
	store := open(t, cluster.Addresses(), opts)
	put(t, store, "k", "v")
	cluster.Inject(riaktest.Match{Kind: riaktest.Get}, riaktest.Delay(time.Millisecond))
	within(t, 20*time.Second, func() {
		together(callers, func(int) {
			for range 20 {
				want(t, store, "k", "v")
				for i, node := range cluster.Nodes() {
					// One more, which checks at start-up whether the node is there.
					if n := node.Connections(); n > connections+1 {
						t.Errorf("node %d: %d connections, want at most %d", i, n, connections+1)
					}
				}
			}
		})
	})
	if text := log.text(); text != "" {
		t.Errorf("a node failed:\n%s", text)
	}
}

// H8: one node that answers is enough, and the others are used once they are back.
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

// H5: the death of a node, or of all connections, goes unnoticed by reads and
// writes.
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

// H5: the only node restarts. The first request that fails retires all dead
// connections; one after the other, they would fail for seconds.
func TestRestartUnderManyConnections(t *testing.T) {
	t.Parallel()
	const connections = 60
	cluster := riaktest.Start(t, &riaktest.Options{Nodes: 1})
	node := cluster.Nodes()[0]
	store := open(t, cluster.Addresses(), nil)
	put(t, store, "k", "v")
	held := cluster.Inject(riaktest.Match{Kind: riaktest.Get}, riaktest.Hang())
	var group sync.WaitGroup
	for range connections {
		group.Go(func() { want(t, store, "k", "v") })
	}
	within(t, 2*time.Second, func() { until(t, func() bool { return held.Hits() >= connections }) })
	held.Remove()
	group.Wait()
	if err := node.Restart(); err != nil {
		t.Fatal(err)
	}
	within(t, time.Second, func() { want(t, store, "k", "v") })
}

// H6: a node that accepts requests and never answers costs one request timeout, and
// is then asked last for a while.
func TestHungNode(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), quick())
	put(t, store, "k", "v")
	cluster.Inject(riaktest.Match{Node: cluster.Nodes()[1]}, riaktest.Hang())
	within(t, 2*time.Second, func() {
		for range 30 {
			want(t, store, "k", "v")
		}
	})
}

// H6: nor does it cost more if no caller waits as long as the request timeout.
func TestHungNodeAndImpatientCallers(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), quick())
	put(t, store, "k", "v")
	hang := cluster.Inject(riaktest.Match{Node: cluster.Nodes()[1]}, riaktest.Hang())
	get := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := store.Get(ctx, "k")
		return err
	}
	for hang.Hits() == 0 {
		_ = get() // fails if it is the hung node's turn
	}
	time.Sleep(500 * time.Millisecond) // longer than the request timeout
	failed := 0
	for range 30 {
		if get() != nil {
			failed++
		}
	}
	if failed > 2 { // of ten that begin with that node; a busy machine may be slow
		t.Errorf("%d requests waited for the hung node", failed)
	}
}

// H2: having no free slot says nothing about the node.
func TestBusyNodeIsNotFailing(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, &riaktest.Options{Nodes: 1})
	opts, log := quick(), newLog()
	opts.Connections, opts.RequestTimeout, opts.RetryTime, opts.Logger = 1, 800*time.Millisecond, 10*time.Second, log.logger()
	store := open(t, cluster.Addresses(), opts)
	put(t, store, "k", "v")
	cluster.Inject(riaktest.Match{Kind: riaktest.Get}, riaktest.Delay(400*time.Millisecond))
	together(6, func(int) { want(t, store, "k", "v") })
	if text := log.text(); text != "" {
		t.Errorf("a node was called failing:\n%s", text)
	}
}

// H7: a node that accepts connections but does not read from them costs no more,
// even at start-up.
func TestHungConnections(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	cluster.Inject(riaktest.Match{Kind: riaktest.Connect, Node: cluster.Nodes()[1]}, riaktest.Hang())
	within(t, 2*time.Second, func() {
		store := open(t, cluster.Addresses(), quick())
		put(t, store, "k", "v")
		for range 30 {
			want(t, store, "k", "v")
		}
	})
}

// H9: requests in progress when the store is closed succeed, later ones are
// refused, and no connection is left.
func TestCloseDuringRequests(t *testing.T) {
	t.Parallel()
	for range 10 {
		cluster := riaktest.Start(t, nil)
		store := open(t, cluster.Addresses(), nil)
		var started sync.WaitGroup
		started.Add(200)
		within(t, 20*time.Second, func() {
			together(202, func(i int) {
				if i >= 200 {
					started.Wait()
					if err := store.Close(); err != nil {
						t.Errorf("Close: %v", err)
					}
					return
				}
				started.Done()
				for err := error(nil); err == nil; {
					if _, err = store.Get(t.Context(), "k"); err != nil && !errors.Is(err, driver.ErrClosed) {
						t.Errorf("Get: %v", err)
					}
				}
			})
			until(t, func() bool { return cluster.Connections() == 0 })
		})
	}
}

// TestCloseDuringHungRequests: a request in progress when the store is closed is
// not retried.
func TestCloseDuringHungRequests(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	opts := quick()
	opts.RetryTime = time.Minute
	store := open(t, cluster.Addresses(), opts)
	hang := cluster.Inject(riaktest.Match{}, riaktest.Hang())
	var calls sync.WaitGroup
	for _, call := range []func() error{
		func() error { _, err := store.Get(t.Context(), "k"); return err },
		func() error { _, err := store.Put(t.Context(), "k", []byte("v"), nil); return err },
	} {
		calls.Go(func() {
			if err := call(); !errors.Is(err, driver.ErrClosed) || errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want ErrClosed", err)
			}
		})
	}
	until(t, func() bool { return hang.Hits() >= 2 })
	within(t, 3*time.Second, func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		calls.Wait()
	})
}

// until waits until is returns true.
func until(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("never became true")
			return
		}
	}
}

// H10: Riak would close the connection.
func TestForeignTokenIsNotSent(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), nil)
	before := cluster.Requests(riaktest.Any)
	for _, token := range []driver.Token{{}, driver.Token("garbage"), driver.Token("riak:")} {
		if _, err := store.Put(t.Context(), "k", []byte("v"), token); !errors.Is(err, driver.ErrToken) {
			t.Errorf("token %q: got %v, want ErrToken", token, err)
		}
	}
	if n := cluster.Requests(riaktest.Any) - before; n != 0 {
		t.Errorf("%d requests were sent, want none", n)
	}
}

// H11: an answer without a code makes the client panic and forget the connection;
// this many would fill its pool.
func TestDamagedAnswers(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]riaktest.Fault{"empty": riaktest.EmptyReply(), "cut": riaktest.CutReply()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := riaktest.Start(t, &riaktest.Options{Nodes: 1})
			opts := quick()
			opts.Connections = 1
			store := open(t, cluster.Addresses(), opts)
			put(t, store, "k", "v")
			for range 10 {
				injection := cluster.Inject(riaktest.Match{Kind: riaktest.Get, Count: 1}, fault)
				within(t, 2*time.Second, func() { want(t, store, "k", "v") })
				if injection.Hits() != 1 {
					t.Error("no answer was damaged")
				}
				injection.Remove()
			}
		})
	}
}

// H14, H6: a caller whose context ends returns at once, whatever hangs, and Close
// does not wait forever.
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
	within(t, 10*time.Second, func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// H17: an abandoned request goes on beside the one that replaces it; the race
// detector would find anything that they share.
func TestRequestsAreMadeAfresh(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	store := open(t, cluster.Addresses(), quick())
	put(t, store, "k", "v")
	hung := cluster.Inject(riaktest.Match{Count: 20}, riaktest.Hang())
	within(t, 10*time.Second, func() {
		together(40, func(int) { want(t, store, "k", "v") })
	})
	if hung.Hits() != 20 {
		t.Errorf("%d requests hung, want 20", hung.Hits())
	}
}

// H15: a request that waits for its node's client when its caller leaves is not
// sent later.
func TestNothingIsSentForNobody(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, &riaktest.Options{Nodes: 1})
	node := cluster.Nodes()[0]
	store := open(t, cluster.Addresses(), nil)
	if err := node.Restart(); err != nil {
		t.Fatal(err)
	}
	before := node.Requests(riaktest.Put)
	slow := cluster.Inject(riaktest.Match{Kind: riaktest.Ping}, riaktest.Hang()) // the client's first request
	leave := func(int) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := store.Put(ctx, "k", []byte("v"), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
	}
	leave(0) // finds that the connection is dead, and starts another client
	together(4, leave)
	slow.Remove()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if n := node.Requests(riaktest.Put) - before; n != 0 || slow.Hits() == 0 {
		t.Errorf("%d puts were sent, %d clients waited, want none and some", n, slow.Hits())
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
