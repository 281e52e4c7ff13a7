package measured_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/measured"
)

func TestLatencies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n        int // 1 to n, in an order of its own
		p50, p99 time.Duration
	}{{0, 0, 0}, {1, 1, 1}, {2, 1, 2}, {3, 2, 3}, {100, 50, 99}, {101, 51, 100}, {200, 100, 198}, {300, 150, 297}, {1000, 500, 990}} {
		var l measured.Latencies
		for i := range tt.n {
			l.Add(time.Duration(tt.n - i))
		}
		if got50, got99 := l.Percentile(50), l.Percentile(99); got50 != tt.p50 || got99 != tt.p99 || l.Count() != tt.n {
			t.Errorf("of 1 to %d: p50 %d, p99 %d, count %d; want %d, %d", tt.n, got50, got99, l.Count(), tt.p50, tt.p99)
		}
	}
}
