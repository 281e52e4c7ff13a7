package shards

import (
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// However many workers there are, shares cover all shards, and the last worker may hold
// the least without a look at the others each second.
func TestShares(t *testing.T) {
	t.Parallel()
	for workers, want := range map[int]struct{ share, least int }{0: {64, 64}, 1: {64, 64}, 2: {32, 32}, 3: {22, 20}, 40: {2, 0}, 64: {1, 1}, 100: {1, 0}} {
		l := locks{workers: workers}
		if l.share() != want.share || l.least() != want.least {
			t.Errorf("%d workers: shares of %d, %d at least; want %v", workers, l.share(), l.least(), want)
		}
		if workers > 0 && l.share()*workers < outbox.ShardCount {
			t.Errorf("%d workers leave shards", workers)
		}
	}
}
