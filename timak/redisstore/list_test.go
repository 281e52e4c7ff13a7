package redisstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

// wantKeys compares a whole listing.
func wantKeys(t testing.TB, store *redisstore.Store, prefix string, keys []string) {
	t.Helper()
	var got []string
	for key, err := range store.Keys(t.Context(), prefix, "") {
		if err != nil {
			t.Fatalf("Keys: %v", err)
		}
		got = append(got, key)
	}
	if !slices.Equal(got, keys) {
		t.Errorf("Keys: got %d, want %d in order: %.60q", len(got), len(keys), got)
	}
}

// keysErr returns the error that ends a listing.
func keysErr(ctx context.Context, store *redisstore.Store) (last error) {
	for _, err := range store.Keys(ctx, "", "") {
		last = err
	}
	return last
}

// A listing holds only so many bytes of names at once, and reads them all the same: here
// one by one, a few at a time, or all but one.
func TestKeys_inParts(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.URL(t), &redisstore.Options{Prefix: redistest.Prefix(t)})
	var keys []string
	for n := range 60 {
		key := fmt.Sprintf("k%02d%s", n, strings.Repeat("x", n%7))
		put(t, store, key, "v", nil)
		keys = append(keys, key)
	}
	for _, room := range []int{1, 36, 70, 400, 2271, 2272, 2273, 1 << 20} {
		store.ListIn(room)
		wantKeys(t, store, "", keys)
		wantKeys(t, store, "k1", keys[10:20])
	}
}

// A name that had no room ends the part, though a later one comes when there is room
// again.
func TestKeys_manyInParts(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.URL(t), &redisstore.Options{Prefix: redistest.Prefix(t)})
	var keys []string
	for n := range 5000 { // a part is put together from several answers
		keys = append(keys, fmt.Sprintf("k%04d%s", n, strings.Repeat("x", n*7919%500)))
	}
	var all sync.WaitGroup
	for part := range slices.Chunk(keys, 500) {
		all.Go(func() {
			for _, key := range part {
				if _, err := store.Put(t.Context(), key, nil, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, room := range []int{12_000, 60_000, 300_000} {
		store.ListIn(room)
		wantKeys(t, store, "", keys)
	}
}

// A listing has the names of timelines alone: neither marks nor what others have on the
// server, nor what looks like the prefix if that is read as a pattern.
func TestKeys_timelinesAlone(t *testing.T) {
	t.Parallel()
	prefix := redistest.Prefix(t)
	client := connect(t, redistest.URL(t))
	store := open(t, redistest.URL(t), &redisstore.Options{Prefix: prefix + "a*[b]?\\:"})
	other := open(t, redistest.URL(t), &redisstore.Options{Prefix: prefix + "axb!\\:"})
	put(t, store, "k", "v", nil)
	put(t, other, "l", "v", nil)
	wantMark(t, store, "", driver.KeptBefore)
	command(t, client, "SET", prefix+"a*[b]?\\:timelines", "of somebody else")
	wantKeys(t, store, "", []string{"k"})
	wantKeys(t, other, "", []string{"l"})
}

// between is a hook that runs a function once, after the first command with a name.
type between struct {
	name string
	once *sync.Once
	run  func()
}

func (b between) DialHook(next redis.DialHook) redis.DialHook { return next }

func (b between) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (b between) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if cmd.Name() == b.name {
			b.once.Do(b.run)
		}
		return err
	}
}

// A server that is restarted in the middle of a listing understands the next request
// otherwise: the listing fails, rather than lack keys.
func TestKeys_restart(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t, "appendonly yes")
	client := connect(t, server.URL())
	store, err := redisstore.New(t.Context(), client, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, store)
	put(t, store, "k", "v", nil)
	client.AddHook(between{"scan", &sync.Once{}, func() {
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
		if err := server.Start(t.Context()); err != nil {
			t.Error(err)
		}
	}})
	wantSays(t, "Keys", keysErr(t.Context(), store), driver.ErrUnavailable, "restarted")
	wantKeys(t, store, "", []string{"k"})
}

// While slots move, a key may be on its way from one master to another: the listing
// fails, rather than lack it. So it does if a master is unknown.
func TestKeys_cluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.NewCluster(t, permissions+" +cluster|slots +cluster|shards +scan +cluster|nodes")
	store := open(t, "redis://blog:blog-password@"+cluster.Servers[0].Address(), nil)
	var keys []string
	for n := range 50 {
		keys = append(keys, fmt.Sprintf("k%02d", n))
		put(t, store, keys[n], "v", nil)
	}
	wantKeys(t, store, "", keys)

	first, second := connect(t, cluster.Servers[0].URL()), connect(t, cluster.Servers[1].URL())
	id, err := second.ClusterMyID(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	command(t, first, "CLUSTER", "SETSLOT", 7, "MIGRATING", id)
	wantSays(t, "Keys while a slot moves", keysErr(t.Context(), store), driver.ErrUnavailable, "slots of the cluster move")
	command(t, first, "CLUSTER", "SETSLOT", 7, "STABLE")
	wantKeys(t, store, "", keys)
	command(t, first, "CLUSTER", "DELSLOTS", 7)
	wantSays(t, "Keys without a slot", keysErr(t.Context(), store), driver.ErrUnavailable, "16383 of 16384")
}

// A listing needs the permissions that the package comment names.
func TestKeys_permissions(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t, permissions, "user lister on >lister-password ~timak:* +info +scan")
	wantSays(t, "Keys without scan", keysErr(t.Context(), open(t, "redis://blog:blog-password@"+server.Address(), nil)),
		redisstore.ErrMisconfigured, "NOPERM")
	wantKeys(t, open(t, "redis://lister:lister-password@"+server.Address(), nil), "", nil)
	cluster := redistest.NewCluster(t, permissions+" +cluster|slots +cluster|shards +scan")
	wantSays(t, "Keys of a cluster", keysErr(t.Context(), open(t, "redis://blog:blog-password@"+cluster.Servers[0].Address(), nil)),
		redisstore.ErrMisconfigured, "cluster|nodes")
}
