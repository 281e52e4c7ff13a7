package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// A scan is complete only if the server is the same process all the time, as another one
// understands the scan's cursor differently, and if no key moves from a master that has
// not been scanned to one that has.

var (
	errReplaced = errors.New("the server was restarted or replaced while its keys were listed: list them again")
	errMoving   = errors.New("slots of the cluster move: list the keys again when they have moved")
)

// scanSteady scans a server, and returns an error if what is said of the server before is
// not said of it afterwards.
func scanSteady(ctx context.Context, server *redis.Client, said func(context.Context, *redis.Client) (string, error), scan func(context.Context, *redis.Client) error) error {
	before, err := said(ctx, server)
	if err != nil {
		return err
	}
	if err := scan(ctx, server); err != nil {
		return err
	}
	after, err := said(ctx, server)
	if err == nil && before != after {
		err = errReplaced
	}
	return err
}

// runOf returns what distinguishes a run of a server from all others.
func runOf(ctx context.Context, server *redis.Client) (string, error) {
	info, err := readInfo(ctx, server)
	return info["run_id"], err
}

// slotCount is how many slots a cluster has.
const slotCount = 16384

// scanCluster scans all masters at the same time.
func scanCluster(ctx context.Context, cluster *redis.ClusterClient, scan func(context.Context, *redis.Client) error) error {
	var served atomic.Int64 // slots of the masters that were scanned
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
		var slots string
		err := scanSteady(ctx, master, func(ctx context.Context, master *redis.Client) (string, error) {
			run, err := runOf(ctx, master)
			if err == nil {
				slots, err = slotsOf(ctx, master)
			}
			return run + " " + slots, err
		}, scan)
		served.Add(countSlots(slots))
		return err
	})
	if n := served.Load(); err == nil && n != slotCount {
		cluster.ReloadState(ctx)
		err = fmt.Errorf("the masters serve %d of %d slots: %w", n, slotCount, errMoving)
	}
	return err
}

// slotsOf returns the slots of a server, as ranges, or errMoving.
func slotsOf(ctx context.Context, server *redis.Client) (string, error) {
	nodes, err := server.ClusterNodes(ctx).Result()
	if redis.IsPermissionError(err) {
		return "", fmt.Errorf("%w: permit the user the command cluster|nodes, which tells if slots move: %w", ErrMisconfigured, err)
	}
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(nodes) {
		// id address flags master ping pong epoch link slots…
		fields := strings.Fields(line)
		if len(fields) < 8 || !strings.Contains(fields[2], "myself") {
			continue
		}
		slots := strings.Join(fields[8:], " ")
		if strings.Contains(slots, "[") { // [slot->-id] or [slot-<-id]
			return "", errMoving
		}
		return slots, nil
	}
	return "", errors.New("the server does not name itself in CLUSTER NODES")
}

// countSlots returns how many slots ranges have.
func countSlots(ranges string) (n int64) {
	for part := range strings.FieldsSeq(ranges) {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		a, errLow := strconv.ParseInt(low, 10, 64)
		b, errHigh := strconv.ParseInt(high, 10, 64)
		if errLow == nil && errHigh == nil {
			n += b - a + 1
		}
	}
	return n
}
