package redisstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

func wantErr(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func putErr(t testing.TB, store driver.Store, key string, token driver.Token) error {
	t.Helper()
	_, err := store.Put(t.Context(), key, []byte("refused"), token)
	return err
}

// wantSays checks that an error is a sentinel and has a text.
func wantSays(t testing.TB, what string, got, want error, text string) {
	t.Helper()
	if !errors.Is(got, want) || !strings.Contains(got.Error(), text) {
		t.Errorf("%s: got error %v, want %v that says %q", what, got, want, text)
	}
}

func TestValueTooLarge(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t, "proto-max-bulk-len 1mb")
	store := open(t, server.URL(), nil)
	const most = 1<<20 + 16<<10 // the beginning of a value is a string of its own
	put(t, store, "fits", string(make([]byte, most)), nil)
	put(t, store, "k", "1", nil)
	for _, size := range []int{most + 1, 40 << 20, 512<<20 + 1} { // over the server's setting, and over Redis' own limit
		_, err := store.Put(t.Context(), "k", make([]byte, size), nil)
		wantErr(t, "Put of a large value", err, driver.ErrTooLarge)
	}
	want(t, store, "k", "1")
	command(t, connect(t, server.URL()), "CONFIG", "SET", "maxmemory", 1)
	_, err := store.Put(t.Context(), "k", make([]byte, most), nil)
	wantUnavailable(t, "Put of a value that fits, on a full server", err)
}

// A full server refuses what is new, and keeps what it has.
func TestServerFull(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	store, client := open(t, server.URL()+once, nil), connect(t, server.URL())
	token := put(t, store, "k", "1", nil)
	command(t, client, "CONFIG", "SET", "maxmemory", 1)
	wantUnavailable(t, "Put on a full server", putErr(t, store, "k", token))
	want(t, store, "k", "1")
	command(t, client, "CONFIG", "SET", "maxmemory", 0)
	put(t, store, "k", "2", token)
	want(t, store, "k", "2")
}

// A server with too few replicas refuses writes, if it is set up to.
func TestTooFewReplicas(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	store, client := open(t, server.URL()+once, nil), connect(t, server.URL())
	token := put(t, store, "k", "1", nil)
	command(t, client, "CONFIG", "SET", "min-replicas-to-write", 1)
	wantUnavailable(t, "Put without replicas", putErr(t, store, "k", token))
	want(t, store, "k", "1")
	command(t, client, "CONFIG", "SET", "min-replicas-to-write", 0)
	put(t, store, "k", "2", token)
	want(t, store, "k", "2")
}

// What others keep under the store's keys is left alone.
func TestKeyOfAnotherKind(t *testing.T) {
	t.Parallel()
	prefix := redistest.Prefix(t)
	store, client := open(t, redistest.URL(t), &redisstore.Options{Prefix: prefix}), connect(t, redistest.URL(t))
	command(t, client, "SET", prefix+"timeline:text", "v")
	command(t, client, "HSET", prefix+"timeline:hash", "field", "v")
	for _, key := range []string{"text", "hash"} {
		_, err := store.Get(t.Context(), key)
		wantSays(t, "Get of a "+key, err, redisstore.ErrMisconfigured, "Options.Prefix")
	}
	wantSays(t, "Put over a text", putErr(t, store, "text", nil), redisstore.ErrMisconfigured, "Options.Prefix")
}

// permissions are those in the package comment.
const permissions = "user blog on >blog-password ~timak:* +info +multi +exec +hgetall +hscan +hset +hdel +hlen +hkeys +hmget +eval +evalsha"

// A user needs no more permissions than the package comment says, and one who has
// fewer is told so.
func TestPermissions(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t, permissions, "appendonly yes", "appendfsync always",
		"user default on >root-password ~* &* +@all",
		"user blind on >blind-password ~timak:* +@all -info",
		"user reader on >reader-password ~timak:* +info +hgetall",
		"user script on >script-password ~timak:* +info +eval +evalsha +hgetall")
	as := func(user string) string {
		return "redis://" + user + ":" + user + "-password@" + server.Address()
	}
	store := open(t, as("blog"), nil)
	put(t, store, "k", "2", put(t, store, "k", "1", nil))
	want(t, store, "k", "2")
	beginning(t, store, "k", 1)
	if _, err := store.Add(t.Context(), "added", []byte("1"), nil); err != nil {
		t.Errorf("Add: %v", err)
	}
	mark := wantMark(t, store, wantMark(t, store, "", driver.KeptBefore), driver.KeptAll)
	killAndStart(t, server)
	wantMark(t, store, wantMark(t, store, mark, driver.KeptBefore), driver.KeptAll)
	wantMark(t, store, mark, driver.KeptBefore) // of a branch that has ended
	want(t, store, "k", "2")

	_, err := redisstore.Open(t.Context(), as("blind"), nil)
	wantSays(t, "Open without info", err, redisstore.ErrMisconfigured, "permit the user the command info")
	_, err = redisstore.Open(t.Context(), as("stranger"), nil)
	wantSays(t, "Open as a stranger", err, redisstore.ErrMisconfigured, "WRONGPASS")
	_, err = redisstore.Open(t.Context(), server.URL(), nil)
	wantSays(t, "Open without a password", err, redisstore.ErrMisconfigured, "NOAUTH")

	reader := open(t, as("reader"), nil)
	want(t, reader, "k", "2")
	_, _, err = reader.GetPart(t.Context(), "k", 1)
	wantSays(t, "GetPart without permission", err, redisstore.ErrMisconfigured, "hscan")
	wantSays(t, "Put without permission", putErr(t, reader, "k", nil), redisstore.ErrMisconfigured, "NOPERM")
	_, _, err = open(t, as("script"), nil).Mark(t.Context(), "")
	wantSays(t, "Mark without permission in the script", err, redisstore.ErrMisconfigured, "hset")
	outside := open(t, as("blog"), &redisstore.Options{Prefix: "other:"})
	wantSays(t, "Put outside of the permitted keys", putErr(t, outside, "k", nil), redisstore.ErrMisconfigured, "NOPERM")
}

func TestPermissions_cluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.NewCluster(t, permissions+" +cluster|slots +cluster|shards")
	store := open(t, "redis://blog:blog-password@"+cluster.Servers[0].Address(), nil)
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		put(t, store, key, "2", put(t, store, key, "1", nil))
		want(t, store, key, "2")
		beginning(t, store, key, 1)
	}
	wantMark(t, store, wantMark(t, store, "", driver.KeptBefore), driver.KeptAll)
}

// The client that an application has made goes on after Close, and a store whose
// client is closed says so.
func TestNewLeavesTheClientOpen(t *testing.T) {
	t.Parallel()
	client := connect(t, redistest.URL(t))
	opts := &redisstore.Options{Prefix: redistest.Prefix(t)}
	for range 2 {
		store, err := redisstore.New(t.Context(), client, opts)
		if err != nil {
			t.Fatal(err)
		}
		put(t, store, "k", "1", want(t, store, "k", siblingsOf(t, store)...))
		closeStore(t, store)
		_, err = store.Get(t.Context(), "k")
		wantErr(t, "Get after Close", err, driver.ErrClosed)
	}
	store, err := redisstore.New(t.Context(), client, opts)
	if err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
	_, err = store.Get(t.Context(), "k")
	wantErr(t, "Get by a closed client", err, driver.ErrClosed)
	_, err = redisstore.New(t.Context(), client, opts)
	wantErr(t, "New with a closed client", err, driver.ErrClosed)
}

// Close ends the goroutines that a store keeps.
func TestCloseEndsWorkers(t *testing.T) {
	t.Parallel()
	store, err := redisstore.New(t.Context(), connect(t, redistest.URL(t)), &redisstore.Options{Prefix: redistest.Prefix(t)})
	if err != nil {
		t.Fatal(err)
	}
	put(t, store, "k", "1", nil)
	until(t, "kept", func(context.Context) bool { return store.IdleWorkers() == 1 })
	closeStore(t, store)
	until(t, "ended", func(context.Context) bool { return store.IdleWorkers() == 0 })
}

// siblingsOf returns what is under k.
func siblingsOf(t testing.TB, store driver.Store) (all []string) {
	t.Helper()
	obj, err := store.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range obj.Siblings {
		all = append(all, string(s))
	}
	return all
}

// A context's cause is part of the error.
func TestCauseOfTheContext(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.URL(t), &redisstore.Options{Prefix: redistest.Prefix(t)})
	why := errors.New("the reader has left")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := store.Get(ctx, "k")
	wantErr(t, "Get", err, context.Canceled)
	wantErr(t, "Get", err, why)
}

// Options of the client that would make it read what is behind are refused, and so
// are clients that lose keys.
func TestUnfitClients(t *testing.T) {
	t.Parallel()
	address := redistest.NewServer(t).Address()
	for _, tt := range []struct {
		name, says string
		client     redis.UniversalClient
	}{
		{"replicas", "RouteRandomly", redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{address}, ReadOnly: true})},
		{"near replicas", "RouteRandomly", redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{address}, RouteByLatency: true})},
		{"any replicas", "RouteRandomly", redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{address}, RouteRandomly: true})},
		{"cache", "ClientSideCache", redis.NewClient(&redis.Options{Addr: address, ClientSideCacheConfig: &redis.ClientSideCacheConfig{}})},
		{"ring", "*redis.Ring", redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"one": address}})},
		{"nil", "<nil>", nil},
	} {
		_, err := redisstore.New(t.Context(), tt.client, nil)
		wantSays(t, tt.name, err, redisstore.ErrMisconfigured, tt.says)
		if tt.client != nil {
			_ = tt.client.Close()
		}
	}
}

// A server that forgets keys when it is full is refused.
func TestUnfitServers(t *testing.T) {
	t.Parallel()
	for policy, fit := range map[string]bool{
		"noeviction": true, "volatile-lru": true, "volatile-lfu": true, "volatile-ttl": true, "volatile-random": true,
		"allkeys-lru": false, "allkeys-lfu": false, "allkeys-random": false,
	} {
		server := redistest.NewServer(t, "maxmemory-policy "+policy)
		store, err := redisstore.Open(t.Context(), server.URL(), nil)
		if fit && err == nil {
			closeStore(t, store)
			continue
		}
		wantSays(t, policy, err, redisstore.ErrMisconfigured, "maxmemory-policy "+policy)
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, says string
		open       func() (*redisstore.Store, error)
	}{
		{"prefix", "Options.Prefix", func() (*redisstore.Store, error) {
			return redisstore.Open(t.Context(), redistest.URL(t), &redisstore.Options{Prefix: "a{b}:"})
		}},
		{"no addresses", "Addrs", func() (*redisstore.Store, error) {
			return redisstore.OpenUniversal(t.Context(), &redis.UniversalOptions{}, nil)
		}},
		{"no options", "Addrs", func() (*redisstore.Store, error) {
			return redisstore.OpenUniversal(t.Context(), nil, nil)
		}},
		{"no URL", "expected redis://", func() (*redisstore.Store, error) {
			return redisstore.Open(t.Context(), "redis://user:horse-battery@host:port", nil)
		}},
		{"no URL, of a cluster", "expected redis://", func() (*redisstore.Store, error) {
			return redisstore.Open(t.Context(), "redis://user:horse-battery@host:port?addr=b", nil)
		}},
		{"another scheme", "http", func() (*redisstore.Store, error) {
			return redisstore.Open(t.Context(), "http://user:horse-battery@host:1", nil)
		}},
		{"an address alone", "expected redis://", func() (*redisstore.Store, error) {
			return redisstore.Open(t.Context(), "localhost:6379", nil)
		}},
		{"unknown parameter", "pool", func() (*redisstore.Store, error) {
			return redisstore.Open(t.Context(), "redis://user:horse-battery@host:1?pool=1", nil)
		}},
		{"a space in the password", "expected redis://", func() (*redisstore.Store, error) {
			return redisstore.Open(t.Context(), "redis://user:horse-battery%zz staple@host:1", nil)
		}},
	} {
		_, err := tt.open()
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want an error that says %q", tt.name, err, tt.says)
		}
		if err != nil && strings.Contains(err.Error(), "horse-battery") {
			t.Errorf("%s: the error shows the password: %v", tt.name, err)
		}
	}
}

// Open ends with its context, and says when nobody answers.
func TestOpenWithoutAServer(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	for name, params := range map[string]string{"server": "?read_timeout=1h", "cluster": "?read_timeout=1h&addr=" + server.Address()} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		soon(t, "Open of a silent "+name, func() {
			_, err := redisstore.Open(ctx, server.URL()+params, nil)
			wantErr(t, "Open of a silent "+name, err, context.DeadlineExceeded)
		})
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	_, err := redisstore.Open(t.Context(), server.URL()+once, nil)
	wantErr(t, "Open of a dead server", err, driver.ErrUnavailable)
}
