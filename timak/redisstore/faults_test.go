package redisstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

// A server that is killed is unavailable, and a store goes on when it is back. With
// an append-only file all that was acknowledged is there, though it was not synced.
func TestServerKilledAndBack(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t, "appendonly yes", "appendfsync no")
	store := open(t, server.URL()+once, nil)
	token := driver.Token(nil)
	for n := range 3 {
		token = put(t, store, "k", fmt.Sprint("put ", n), token)
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		wantUnavailable(t, "Put without a server", putErr(t, store, "k", token))
		_, err := store.Get(t.Context(), "k")
		wantUnavailable(t, "Get without a server", err)
		if err := server.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		until(t, "connected again", func(ctx context.Context) bool {
			_, err := store.Get(ctx, "k")
			return err == nil
		})
		want(t, store, "k", fmt.Sprint("put ", n))
	}
	put(t, store, "k", "last", token)
	want(t, store, "k", "last")
}

// What becomes of a put whose connection breaks, by the client's retries.
func TestConnectionCutDuringPut(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	direct := open(t, server.URL(), nil)
	for _, tt := range []struct {
		name    string
		fault   redistest.Fault
		options string
		works   bool
		want    string // what is stored
	}{
		{"lost answer, sent once", redistest.LoseAnswer, once, false, "two"},
		{"cut request, sent once", redistest.CutRequest, once, false, "one"},
		{"lost answer", redistest.LoseAnswer, "", true, "two"},
		{"cut request", redistest.CutRequest, "", true, "two"},
	} {
		for _, size := range []int{0, 200_000, 8_000_000} { // the last is still being sent when the connection breaks
			key := fmt.Sprint(tt.name, size)
			filler := string(make([]byte, size))
			proxy := redistest.NewProxy(t, server.Address())
			store := open(t, proxy.URL()+tt.options, nil)
			token := put(t, store, key, "one"+filler, nil)
			proxy.Inject(tt.fault, "hset", 1)
			got, err := store.Put(t.Context(), key, []byte("two"+filler), token)
			if tt.works && (err != nil || got == nil) {
				t.Errorf("%s: Put: got token %x, %v, want a token", key, got, err)
			}
			if !tt.works {
				wantUnavailable(t, key, err)
			}
			if proxy.Hits() != 1 {
				t.Errorf("%s: got %d faults, want 1", key, proxy.Hits())
			}
			put(t, direct, key, "three", want(t, direct, key, tt.want+filler))
			want(t, store, key, "three")
		}
	}
}

// A put that was sent again, and whose first copy arrives when others have gone on,
// leaves one sibling more and loses nothing.
func TestLateCopyOfAPut(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	proxy := redistest.NewProxy(t, server.Address())
	store, other := open(t, proxy.URL(), nil), open(t, server.URL(), nil)
	token := put(t, store, "k", "one", nil)
	proxy.Inject(redistest.Late, "hset", 1)
	token = put(t, store, "k", "one, two", token)
	if token == nil {
		t.Error("a put that was sent again and is alone returned no token")
	}
	put(t, other, "k", "one, two, three", want(t, other, "k", "one, two"))
	proxy.Deliver()
	all := want(t, other, "k", "one, two", "one, two, three")
	put(t, store, "k", "one, two, four", token) // it has seen its own put alone, both copies
	want(t, other, "k", "one, two, three", "one, two, four")
	put(t, other, "k", "merged", all)
	want(t, other, "k", "merged", "one, two, four")
}

// Many writers lose nothing, and leave few siblings, while answers are lost,
// connections break, and puts arrive late. The client sends each put once.
func TestWritersWhoseAnswersAreLost(t *testing.T) {
	t.Parallel()
	for _, fault := range []redistest.Fault{redistest.LoseAnswer, redistest.CutRequest} {
		for name, options := range map[string]string{"sent once": once, "sent again": ""} {
			t.Run(fmt.Sprint(name, ", fault ", fault), func(t *testing.T) {
				t.Parallel()
				drivertest.RunLossy(t, func(t *testing.T) driver.Store {
					server := redistest.NewServer(t)
					proxy := redistest.NewProxy(t, server.Address())
					store := open(t, proxy.URL()+options, nil)
					proxy.Inject(fault, "hset", 30)
					t.Cleanup(func() {
						if proxy.Hits() != 30 {
							t.Errorf("got %d faults, want 30", proxy.Hits())
						}
					})
					return resending{&drivertest.Late{Store: store, Lose: func(n int) error {
						if n%10 == 0 {
							return driver.ErrUnavailable
						}
						return nil
					}}, proxy}
				})
			})
		}
	}
}

// resending is a store whose puts may arrive late, and whose client may send puts
// again.
type resending struct {
	*drivertest.Late
	proxy *redistest.Proxy
}

func (r resending) Resent() int { return r.proxy.Hits() }

// A pool without a free connection makes calls wait, and then fail.
func TestFullPool(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	client := redis.NewClient(&redis.Options{
		Addr: server.Address(), PoolSize: 1, PipelinePoolSize: -1, PoolTimeout: 20 * time.Millisecond, MaxRetries: -1,
	})
	t.Cleanup(func() { _ = client.Close() })
	store, err := redisstore.New(t.Context(), client, nil)
	if err != nil {
		t.Fatal(err)
	}
	token := put(t, store, "k", "one", nil)
	held := client.Conn() // takes a connection when it is first used
	if err := held.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	_, err = store.Get(t.Context(), "k")
	wantUnavailable(t, "Get by a full pool", err)
	err = putErr(t, store, "k", token)
	wantUnavailable(t, "Put by a full pool", err)
	wantErr(t, "Put by a full pool", err, redis.ErrPoolTimeout)
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, store, "k", "two", token)
	want(t, store, "k", "two")
}

// A full pool is shared by more callers than it has connections, without errors.
func TestCallersWaitForThePool(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.URL(t)+"?pool_size=2", &redisstore.Options{Prefix: redistest.Prefix(t)})
	var group sync.WaitGroup
	for n := range 50 {
		group.Go(func() {
			key := fmt.Sprint(n)
			if _, err := store.Put(t.Context(), key, []byte(key), nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// A server that says nothing is left at once by callers whose contexts end, and
// after the client's time limit by others.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	store := open(t, server.URL()+once+"&read_timeout=1h", nil)
	hasty := open(t, server.URL()+once+"&read_timeout=100ms", nil)
	token := put(t, store, "k", "one", nil)
	want(t, hasty, "k", "one")
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	soon(t, "Get", func() {
		_, err := store.Get(ctx, "k")
		wantErr(t, "Get", err, context.DeadlineExceeded)
	})
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	soon(t, "Put", func() {
		_, err := store.Put(ctx, "k", []byte("two"), token)
		wantErr(t, "Put", err, context.Canceled)
	})
	wantUnavailable(t, "Put with a time limit", putErr(t, hasty, "k", token))

	// Close does not wait for long, and those who wait for an answer learn of it.
	waiting := make(chan error, 1)
	go func() {
		_, err := store.Get(t.Context(), "k")
		waiting <- err
	}()
	soon(t, "Close", func() {
		closeStore(t, store)
		wantErr(t, "Get during Close", <-waiting, driver.ErrClosed)
	})
	if err := server.Thaw(); err != nil {
		t.Fatal(err)
	}
	if got := siblingsOf(t, open(t, server.URL(), nil)); len(got) == 0 {
		t.Error("what was acknowledged before is lost")
	}
}
