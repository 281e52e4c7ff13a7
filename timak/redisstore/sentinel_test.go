package redisstore_test

import (
	"context"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/redistest"
)

// Behind a Sentinel, a store follows its master to the replica that has taken over.
func TestSentinel(t *testing.T) {
	t.Parallel()
	master := redistest.NewServer(t)
	host, port, err := net.SplitHostPort(master.Address())
	if err != nil {
		t.Fatal(err)
	}
	replica := redistest.NewServer(t, "replicaof "+host+" "+port)
	sentinel := redistest.NewSentinel(t, "feeds", master)
	store := open(t, sentinel.URL()+"?master_name=feeds", nil)
	also := universal(t, &redis.UniversalOptions{Addrs: []string{sentinel.Address()}, MasterName: "feeds"})
	token := put(t, store, "k", "before", nil)
	mark := wantMark(t, store, "", driver.KeptBefore)
	master.AwaitReplica(t)
	until(t, "known to the Sentinel", func(ctx context.Context) bool {
		replicas, err := redis.NewSentinelClient(&redis.Options{Addr: sentinel.Address()}).Replicas(ctx, "feeds").Result()
		return err == nil && len(replicas) == 1
	})
	if err := master.Kill(); err != nil {
		t.Fatal(err)
	}
	until(t, "written after the failover", func(ctx context.Context) bool {
		_, err := store.Put(ctx, "k", []byte("after"), token)
		if err != nil && ctx.Err() == nil {
			wantUnavailable(t, "Put during the failover", err)
		}
		return err == nil
	})
	want(t, store, "k", "after")
	want(t, also, "k", "after")
	want(t, open(t, replica.URL(), nil), "k", "after")
	wantMark(t, store, mark, driver.KeptBefore)
}
