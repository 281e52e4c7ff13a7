package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
)

// checkClient refuses clients whose reads may be behind, or whose keys may move.
func checkClient(client redis.UniversalClient) error {
	switch c := client.(type) {
	case *redis.Client:
		if o := c.Options(); o.ClientSideCache != nil || o.ClientSideCacheConfig != nil {
			return fmt.Errorf("%w: the client reads from a cache (ClientSideCache), which may be behind: expected one without", ErrMisconfigured)
		}
	case *redis.ClusterClient:
		if o := c.Options(); o.ReadOnly || o.RouteByLatency || o.RouteRandomly {
			return fmt.Errorf("%w: the client reads from replicas, which may be behind: expected ReadOnly, RouteByLatency and RouteRandomly off", ErrMisconfigured)
		}
	default:
		return fmt.Errorf("%w: expected a *redis.Client or a *redis.ClusterClient, got a %T", ErrMisconfigured, client)
	}
	return nil
}

// checkServers refuses servers that would lose timelines, or that need another kind
// of client.
func checkServers(ctx context.Context, client redis.UniversalClient) error {
	cluster, ok := client.(*redis.ClusterClient)
	if ok {
		_, err := await(ctx, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, cluster.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
				return checkServer(ctx, master, true)
			})
		})
		return wrap(ctx, err)
	}
	return wrap(ctx, checkServer(ctx, client, false))
}

func checkServer(ctx context.Context, server redis.Cmdable, inCluster bool) error {
	info, err := readInfo(ctx, server)
	if err != nil {
		return err
	}
	if policy := info["maxmemory_policy"]; strings.HasPrefix(policy, "allkeys-") {
		return fmt.Errorf("%w: the server forgets keys when it is full (maxmemory-policy %s): "+
			"set maxmemory-policy noeviction, so that it refuses writes instead", ErrMisconfigured, policy)
	}
	if info["cluster_enabled"] == "1" && !inCluster {
		return fmt.Errorf("%w: the server belongs to a cluster: expected a *redis.ClusterClient, or UniversalOptions.IsClusterMode", ErrMisconfigured)
	}
	return nil
}

// readInfo returns what a server says of itself.
func readInfo(ctx context.Context, server redis.Cmdable) (map[string]string, error) {
	text, err := await(ctx, func(ctx context.Context) (string, error) { return server.Info(ctx).Result() })
	if redis.IsPermissionError(err) {
		return nil, fmt.Errorf("%w: permit the user the command info, which tells if the server would lose timelines: %w", ErrMisconfigured, err)
	}
	if err != nil {
		return nil, err
	}
	info := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		info[name] = value
	}
	return info, nil
}

// wrap returns the error of a check as callers see it.
func wrap(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, ErrMisconfigured):
		return err
	case ctx.Err() != nil:
		return ended(ctx)
	case errors.Is(err, redis.ErrClosed):
		return fmt.Errorf("the client is closed: %w", driver.ErrClosed)
	default:
		return classify(err)
	}
}
