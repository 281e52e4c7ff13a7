package bench

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak"
)

// SortedSets are what an application has in Redis without timelines: a sorted set for
// each owner, without versions, tombstones, cursors or merging. Its members are ids, or
// ids with the items' data.
type SortedSets struct {
	client redis.UniversalClient
	prefix string
}

// NewSortedSets makes sets of MaxItems items for some owners.
func NewSortedSets(b *testing.B, client redis.UniversalClient, prefix string, owners int, item func(n int) timak.Item) SortedSets {
	b.Helper()
	s := SortedSets{client, prefix}
	for owner := range owners {
		var members []redis.Z
		for n := range MaxItems {
			members = append(members, member(item(n)))
		}
		if err := client.ZAdd(b.Context(), s.key(owner), members...).Err(); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func (s SortedSets) key(owner int) string { return fmt.Sprint(s.prefix, "sorted:", owner) }

func member(item timak.Item) redis.Z {
	z := redis.Z{Score: float64(item.At.UnixMicro()), Member: item.ID}
	if len(item.Data) > 0 {
		z.Member = fmt.Sprint(item.ID, " ", string(item.Data))
	}
	return z
}

// Page reads the newest 20 items of an owner.
func (s SortedSets) Page(b *testing.B, owner int) {
	if members, err := s.client.ZRevRange(b.Context(), s.key(owner), 0, 19).Result(); err != nil || len(members) != 20 {
		b.Errorf("ZREVRANGE: got %d members, %v, want 20", len(members), err)
	}
}

// Add adds an item, and removes the oldest one.
func (s SortedSets) Add(b *testing.B, owner int, item timak.Item) {
	pipe := s.client.Pipeline()
	pipe.ZAdd(b.Context(), s.key(owner), member(item))
	pipe.ZRemRangeByRank(b.Context(), s.key(owner), 0, -MaxItems-1)
	if _, err := pipe.Exec(b.Context()); err != nil {
		b.Error(err)
	}
}
