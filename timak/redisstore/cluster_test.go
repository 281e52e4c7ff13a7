package redisstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

func TestConformance_cluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.NewCluster(t)
	drivertest.Run(t, func(t *testing.T) driver.Store {
		return open(t, cluster.Servers[1].URL(), nil)
	})
}

// Whatever names a cluster, a store finds all of it.
func TestOpen_cluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.NewCluster(t)
	addresses := cluster.Addresses()
	for name, store := range map[string]*redisstore.Store{
		"a server":  open(t, cluster.Servers[2].URL(), nil),
		"a replica": open(t, cluster.Servers[3].URL(), nil),
		"several":   open(t, cluster.Servers[0].URL()+"?addr="+addresses[1]+"&addr="+addresses[2], nil),
		"options":   universal(t, &redis.UniversalOptions{Addrs: addresses}),
		"mode":      universal(t, &redis.UniversalOptions{Addrs: addresses[:1], IsClusterMode: true}),
	} {
		for n := range 20 {
			key := fmt.Sprint(name, n)
			put(t, store, key, "v", nil)
			want(t, store, key, "v")
		}
		wantMark(t, store, wantMark(t, store, "", driver.KeptBefore), driver.KeptAll)
	}
	_, err := redisstore.OpenUniversal(t.Context(), &redis.UniversalOptions{Addrs: addresses[:1]}, nil)
	wantSays(t, "a plain client", err, redisstore.ErrMisconfigured, "IsClusterMode")
	command(t, connect(t, cluster.Servers[1].URL()), "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	_, err = redisstore.Open(t.Context(), cluster.Servers[0].URL(), nil)
	wantSays(t, "a forgetful master", err, redisstore.ErrMisconfigured, "maxmemory-policy")
}

func universal(t testing.TB, opts *redis.UniversalOptions) *redisstore.Store {
	t.Helper()
	store, err := redisstore.OpenUniversal(t.Context(), opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, store) })
	return store
}

// When a master is gone, its keys come back with its replica, and with all that the
// replica had; meanwhile they are unavailable, and the others are not. No mark is
// lost.
func TestFailover_replicated(t *testing.T) {
	t.Parallel()
	cluster := redistest.NewCluster(t)
	store := universal(t, &redis.UniversalOptions{Addrs: cluster.Addresses()})
	tokens := map[string]driver.Token{}
	for n := range 30 {
		key := fmt.Sprint("key ", n)
		tokens[key] = put(t, store, key, "before", nil)
	}
	mark := wantMark(t, store, "", driver.KeptBefore)
	cluster.Servers[0].AwaitReplica(t)
	if err := cluster.Servers[0].Kill(); err != nil {
		t.Fatal(err)
	}
	for key, token := range tokens {
		until(t, "written after the failover: "+key, func(ctx context.Context) bool {
			_, err := store.Put(ctx, key, []byte("after"), token)
			if err != nil && ctx.Err() == nil {
				wantUnavailable(t, "Put during the failover", err)
			}
			return err == nil
		})
		want(t, store, key, "after")
	}
	wantMark(t, store, mark, driver.KeptBefore)
}

// A replica that takes over without the latest puts has lost the latest marks too,
// though the other masters have kept theirs.
func TestFailover_behind(t *testing.T) {
	t.Parallel()
	cluster := redistest.NewCluster(t, "repl-ping-replica-period 1")
	store := universal(t, &redis.UniversalOptions{Addrs: cluster.Addresses()})
	first, replica := connect(t, cluster.Servers[0].URL()), cluster.Servers[3]
	key := keyOn(t, first)
	token := put(t, store, key, "replicated", nil)
	early := wantMark(t, store, "", driver.KeptBefore)
	cluster.Servers[0].AwaitReplica(t)

	if err := replica.Freeze(); err != nil {
		t.Fatal(err)
	}
	command(t, first, "CLIENT", "KILL", "TYPE", "replica") // it reads nothing of what follows
	put(t, store, key, "lost", token)
	late := wantMark(t, store, early, driver.KeptAll)
	if err := cluster.Servers[0].Kill(); err != nil {
		t.Fatal(err)
	}
	if err := replica.Thaw(); err != nil {
		t.Fatal(err)
	}
	until(t, "readable after the failover", func(ctx context.Context) bool {
		_, err := store.Get(ctx, key)
		return err == nil
	})
	want(t, store, key, "replicated")
	wantMark(t, store, late, driver.Lost)
	wantMark(t, store, "", driver.KeptBefore)
}

// keyOn returns a key that a server of a cluster is the master of.
func keyOn(t testing.TB, server *redis.Client) string {
	t.Helper()
	for n := range 1000 {
		key := fmt.Sprint("key ", n)
		err := server.Get(t.Context(), redisstore.DefaultPrefix+"timeline:"+key).Err()
		if err == nil || !strings.HasPrefix(err.Error(), "MOVED") {
			return key
		}
	}
	t.Fatal("no key of the server was found")
	return ""
}

// The marks of a cluster are spread over its slots.
func TestSlotTags(t *testing.T) {
	t.Parallel()
	server := connect(t, redistest.NewCluster(t).Servers[0].URL())
	for n, tag := range redisstore.SlotTags {
		slot, err := server.ClusterKeySlot(t.Context(), "timak:mark:{"+tag+"}:relay").Result()
		if off := slot - 256*int64(n); off < 0 || off >= 16 || err != nil {
			t.Errorf("tag %s: got slot %d, %v, want one within 16 of %d", tag, slot, err, 256*n)
		}
	}
}
