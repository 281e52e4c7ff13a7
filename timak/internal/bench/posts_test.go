package bench_test

import (
	"testing"

	"github.com/timak-go/timak/timak/internal/bench"
)

// TestPost: benchmarks use items of 200 bytes, in order.
func TestPost(t *testing.T) {
	t.Parallel()
	for n := range 5000 {
		this, next := bench.Post(n), bench.Post(n+1)
		if len(this.Data) != 200 {
			t.Fatalf("post %d: %d bytes of data, want 200: %s", n, len(this.Data), this.Data)
		}
		if !this.At.Before(next.At) || this.ID >= next.ID {
			t.Fatalf("posts %d and %d: got %v, %v; want the second later", n, n+1, this, next)
		}
	}
}
