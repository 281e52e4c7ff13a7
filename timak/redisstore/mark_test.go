package redisstore_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

// A server that is killed goes back to its latest snapshot, and its marks say so.
func TestMarks_snapshot(t *testing.T) {
	t.Parallel()
	drivertest.RunMarker(t, func(t *testing.T) drivertest.Losing {
		server := redistest.NewServer(t)
		client := connect(t, server.URL())
		return drivertest.Losing{
			Store: open(t, server.URL(), nil),
			Keep:  func() { command(t, client, "SAVE") },
			Lose:  func() { killAndStart(t, server) },
		}
	})
}

func killAndStart(t testing.TB, server *redistest.Server) {
	t.Helper()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A replica that takes over has what its master had told it, and its marks say so.
func TestMarks_replica(t *testing.T) {
	t.Parallel()
	drivertest.RunMarker(t, func(t *testing.T) drivertest.Losing {
		pair := redistest.NewPair(t)
		store, err := redisstore.OpenUniversal(t.Context(), &redis.UniversalOptions{Addrs: []string{"either:0"}, Dialer: pair.Dial}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return drivertest.Losing{Store: store, Keep: func() { pair.Replicate(t) }, Lose: func() { pair.FailOver(t) }}
	})
}

// What a kill of the server costs, by how it keeps its data, and whether its marks
// say so.
func TestMarks_kill(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		settings []string
		kept     driver.Kept
	}{
		{"in memory alone", nil, driver.Lost},
		{"snapshots", []string{"save 3600 1"}, driver.Lost},
		{"append-only file, never synced", []string{"appendonly yes", "appendfsync no"}, driver.KeptBefore},
		{"append-only file, always synced", []string{"appendonly yes", "appendfsync always"}, driver.KeptBefore},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.NewServer(t, tt.settings...)
			store := open(t, server.URL(), nil)
			put(t, store, "k", "v", nil)
			mark := wantMark(t, store, "", driver.KeptBefore)
			killAndStart(t, server)
			if tt.kept != driver.Lost {
				want(t, store, "k", "v")
			} else {
				want(t, store, "k")
			}
			wantMark(t, store, mark, tt.kept)
		})
	}
}

// A server that was emptied has lost its marks.
func TestMarks_flushed(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	store := open(t, server.URL(), nil)
	mark := wantMark(t, store, "", driver.KeptBefore)
	command(t, connect(t, server.URL()), "FLUSHALL")
	wantMark(t, store, mark, driver.Lost)
}

// wantMark sets a mark, and checks what is kept of last.
func wantMark(t testing.TB, store *redisstore.Store, last string, want driver.Kept) string {
	t.Helper()
	mark, kept, err := store.Mark(t.Context(), last)
	if kept != want || err != nil {
		t.Fatalf("Mark after %q: got %v, error %v, want %v", last, kept, err, want)
	}
	return mark
}

// A mark whose answer is lost is no loss, and a server that is away is unavailable.
func TestMarks_faults(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	proxy := redistest.NewProxy(t, server.Address())
	store := open(t, proxy.URL()+once, nil)
	mark := wantMark(t, store, "", driver.KeptBefore)
	for n, fault := range []redistest.Fault{redistest.LoseAnswer, redistest.CutRequest, redistest.LoseAnswer} {
		proxy.Inject(fault, "evalsha", 1)
		_, kept, err := store.Mark(t.Context(), mark)
		wantUnavailable(t, "Mark with fault "+strconv.Itoa(n), err)
		if kept != driver.Lost {
			t.Errorf("a mark that failed is %v", kept)
		}
	}
	mark = wantMark(t, store, mark, driver.KeptAll)
	wantMark(t, store, mark, driver.KeptAll)
}

// A master that was a replica meanwhile has another's history: what it was told in
// between is in doubt, though it has run all the time.
func TestMarks_demoted(t *testing.T) {
	t.Parallel()
	one, other := redistest.NewServer(t), redistest.NewServer(t)
	store := open(t, one.URL(), nil)
	mark := wantMark(t, store, "", driver.KeptBefore)
	client := connect(t, one.URL())
	host, port, err := net.SplitHostPort(other.Address())
	if err != nil {
		t.Fatal(err)
	}
	follow := func(follower *redis.Client, host, port string) {
		command(t, follower, "REPLICAOF", host, port)
		until(t, "replicated", func(ctx context.Context) bool {
			state, err := follower.Info(ctx, "replication").Result()
			return err == nil && strings.Contains(state, "master_link_status:up")
		})
		command(t, follower, "REPLICAOF", "NO", "ONE")
	}
	otherClient := connect(t, other.URL())
	oneHost, onePort, err := net.SplitHostPort(one.Address())
	if err != nil {
		t.Fatal(err)
	}
	follow(otherClient, oneHost, onePort) // has the mark, and nothing of what comes
	put(t, store, "k", "lost", nil)
	follow(client, host, port)
	want(t, store, "k")
	wantMark(t, store, mark, driver.KeptBefore)
}

// A mark that is sent again, as its answer was lost, is in the branch that there is then,
// though the server has begun another one meanwhile.
func TestMarks_sentAgain(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	proxy := redistest.NewProxy(t, server.Address())
	other := open(t, server.URL(), nil)
	var between func()
	client := redis.NewClient(&redis.Options{
		Addr: proxy.Address(), PoolSize: 1, PipelinePoolSize: 1, MaxRetries: 3, DialerRetries: 1,
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			if between != nil && proxy.Hits() > 0 {
				between()
				between = nil
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	})
	t.Cleanup(func() { _ = client.Close() })
	store, err := redisstore.New(t.Context(), client, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantMark(t, store, "", driver.KeptBefore) // loads the script
	command(t, connect(t, server.URL()), "DEL", "timak:marks")
	var mark string
	between = func() {
		mark = wantMark(t, other, wantMark(t, other, "", driver.KeptBefore), driver.KeptAll)
		killAndStart(t, server)
		wantMark(t, other, "", driver.KeptBefore) // loads the script
		command(t, connect(t, server.URL()), "DEL", "timak:marks")
	}
	proxy.Inject(redistest.LoseAnswer, "evalsha", 1)
	for range 4 {
		wantMark(t, store, "", driver.KeptBefore)
	}
	if mark == "" {
		t.Fatal("the mark was not sent again")
	}
	wantMark(t, other, mark, driver.Lost)
}
