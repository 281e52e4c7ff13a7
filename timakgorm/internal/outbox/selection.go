package outbox

import (
	"strconv"
	"strings"
)

// Selection is which changes a batch takes.
type Selection struct {
	Everything bool    // those that were put off as well
	Shards     []int32 // nil: all
	After      int64   // with a greater id
}

// Others is the selection of all other shards.
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

// ShardCount is into how many shards the rows are dealt out, by a hash of their
// primary key that the database computes when it reads them: nothing is stored.
const ShardCount = 64

// ArrayText writes an array as Postgres reads it.
func ArrayText[T int32 | int64](numbers []T) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatInt(int64(n), 10)
	}
	return "{" + strings.Join(texts, ",") + "}"
}
