package outbox

import (
	"strconv"
	"strings"
)

// Selection says which changes a batch takes. The zero Selection takes all that are
// due.
type Selection struct {
	Everything bool    // take also changes that were put off
	Shards     []int32 // nil: all; empty: none
	After      int64   // take only changes with a greater id
	Quick      bool    // changes that were committed late may be left to another look; see Swept
}

// Others returns the selection of all other shards, from the first id on.
func (s Selection) Others() Selection {
	taken := map[int32]bool{}
	for _, shard := range s.Shards {
		taken[shard] = true
	}
	rest := []int32{}
	for shard := range int32(ShardCount) {
		if !taken[shard] {
			rest = append(rest, shard)
		}
	}
	return Selection{Everything: s.Everything, Shards: rest}
}

// ShardCount is the number of shards. A row's shard is a hash of its primary key,
// which the database computes when it reads a change: it is not stored.
const ShardCount = 64

// ArrayText returns an array in the syntax of Postgres.
func ArrayText[T int32 | int64](numbers []T) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatInt(int64(n), 10)
	}
	return "{" + strings.Join(texts, ",") + "}"
}
