package measured

import (
	"slices"
	"sync"
	"time"
)

// Latencies are all that were measured of one kind. The zero Latencies are empty. Add may
// be called from any number of goroutines.
type Latencies struct {
	mu   sync.Mutex
	list []time.Duration
}

// Add adds one.
func (l *Latencies) Add(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, took)
}

// Count returns how many there are.
func (l *Latencies) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.list)
}

// Percentile returns the least latency that p percent of all do not exceed, 0 if there
// are none. It is exact: nothing was rounded or sampled.
func (l *Latencies) Percentile(p int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.list)
	if n == 0 {
		return 0
	}
	slices.Sort(l.list)
	rank := (n*p + 99) / 100 // rounded up
	return l.list[min(max(rank, 1), n)-1]
}
