package redistest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/internal/testserver"
)

const (
	masters = 3
	slots   = 16384
)

// Cluster is a Redis cluster of three masters, with a replica of the first.
type Cluster struct {
	// Servers are the masters, each with a third of the slots, in their order, and
	// then the replica of the first.
	Servers []*Server

	home *testserver.Home
}

// NewCluster starts a cluster that is stopped and removed when t ends. The settings
// are lines of every server's redis.conf. It is ready when it is returned: all slots
// are served, and the replica has its master's data. A master that is gone is
// replaced by its replica after a second. NewCluster skips t if there is no Redis.
func NewCluster(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testserver.StartTimeout)
	defer cancel()
	c, err := openCluster(ctx, settings)
	if err != nil {
		testserver.GiveUp(t, err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Addresses returns the host:port of every server.
func (c *Cluster) Addresses() []string {
	var all []string
	for _, s := range c.Servers {
		all = append(all, s.Address())
	}
	return all
}

func openCluster(ctx context.Context, settings []string) (*Cluster, error) {
	bin, err := findBinary()
	if err != nil {
		return nil, err
	}
	h, err := newHome()
	if err != nil {
		return nil, fmt.Errorf("redistest: create cluster: %w", err)
	}
	c := &Cluster{home: h}
	settings = append([]string{"cluster-enabled yes", "cluster-node-timeout 1000"}, settings...)
	for n := range masters + 1 {
		s := &Server{bin: bin, folder: h.Path(fmt.Sprint("server", n))}
		if err := s.create(ctx, settings); err != nil {
			return nil, errors.Join(err, c.close())
		}
		c.Servers = append(c.Servers, s)
	}
	if err := c.join(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("redistest: create cluster: %w", err), c.close())
	}
	return c, nil
}

// close stops the servers that run. Their Stop says nothing new: a server that
// cannot reach its cluster any more may refuse to end cleanly.
func (c *Cluster) close() error {
	var errs []error
	for _, s := range c.Servers {
		errs = append(errs, s.Kill())
	}
	return errors.Join(append(errs, c.home.Remove())...)
}

// join makes one cluster of the servers.
func (c *Cluster) join(ctx context.Context) error {
	var clients []*redis.Client
	for _, s := range c.Servers {
		client := redis.NewClient(&redis.Options{Addr: s.Address()})
		defer func() { _ = client.Close() }()
		clients = append(clients, client)
	}
	for n, client := range clients[:masters] {
		if err := client.ClusterAddSlotsRange(ctx, n*slots/masters, (n+1)*slots/masters-1).Err(); err != nil {
			return err
		}
	}
	if err := c.meet(ctx, clients); err != nil {
		return err
	}
	if err := c.await(ctx, clients, func(info string) bool { return strings.Contains(info, fmt.Sprint("cluster_known_nodes:", masters+1)) }); err != nil {
		return err
	}
	first, err := clients[0].ClusterMyID(ctx).Result()
	if err != nil {
		return err
	}
	if err := c.replicate(ctx, clients[masters], first); err != nil {
		return err
	}
	return c.await(ctx, clients, func(info string) bool { return strings.Contains(info, "cluster_state:ok") })
}

// meet introduces the first server to all others, under different epochs.
func (c *Cluster) meet(ctx context.Context, clients []*redis.Client) error {
	for n, s := range c.Servers {
		if err := clients[n].Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", n+1).Err(); err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		// go-redis' ClusterMeet does not know about the cluster's own port.
		bus, err := clients[n].ConfigGet(ctx, "cluster-port").Result()
		if err != nil {
			return err
		}
		if err := clients[0].Do(ctx, "CLUSTER", "MEET", loopback, s.port, bus["cluster-port"]).Err(); err != nil {
			return err
		}
	}
	return nil
}

// replicate makes a server the replica of the master with the given id, and returns
// when it has its data and the master knows.
func (c *Cluster) replicate(ctx context.Context, replica *redis.Client, master string) error {
	err := poll(ctx, func() error { return replica.ClusterReplicate(ctx, master).Err() }) // until it knows the master
	if err != nil {
		return err
	}
	return poll(ctx, func() error {
		info, err := replica.Info(ctx, "replication").Result()
		if err == nil && !strings.Contains(info, "master_link_status:up") {
			err = errors.New("the replica has no link to its master")
		}
		return err
	})
}

// await returns when every server's CLUSTER INFO is as it should be.
func (c *Cluster) await(ctx context.Context, clients []*redis.Client, good func(info string) bool) error {
	for n, client := range clients {
		err := poll(ctx, func() error {
			info, err := client.ClusterInfo(ctx).Result()
			if err == nil && !good(info) {
				err = fmt.Errorf("server %d says:\n%s", n, info)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// poll calls try until it returns no error. If ctx ends first, it returns try's
// last error.
func poll(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(testserver.PollInterval):
		}
	}
}
