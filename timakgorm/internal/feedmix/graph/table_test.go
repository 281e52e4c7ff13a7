package graph_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/graph"
)

func seeded() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// TestZipf draws as often as the exponents say: below 1, above 1, and of one number.
func TestZipf(t *testing.T) {
	t.Parallel()
	const draws = 200_000
	for _, tt := range []struct {
		n        int
		exponent float64
	}{{1000, 0.75}, {1000, 1.75}, {3, 0.75}, {1, 0.75}} {
		table, r := graph.Zipf(tt.n, tt.exponent), seeded()
		got := make([]float64, tt.n+1)
		for range draws {
			got[table.Draw(r)]++ // panics above n
		}
		if got[0] > 0 {
			t.Errorf("Zipf(%d, %v) drew 0", tt.n, tt.exponent)
		}
		sum := 0.0
		for k := 1; k <= tt.n; k++ {
			sum += math.Pow(float64(k), -tt.exponent)
		}
		for k := 1; k <= min(tt.n, 20); k++ {
			want := draws * math.Pow(float64(k), -tt.exponent) / sum
			if off := math.Abs(got[k] - want); off > 5*math.Sqrt(want) {
				t.Errorf("Zipf(%d, %v) drew %d %v times, want about %.0f", tt.n, tt.exponent, k, got[k], want)
			}
		}
	}
}

// TestTable: what has no weight is never drawn.
func TestTable(t *testing.T) {
	t.Parallel()
	table, r := graph.NewTable(4, func(k int) float64 { return []float64{0, 1, 0, 3}[k-1] }), seeded()
	got := map[int]int{}
	for range 4000 {
		got[table.Draw(r)]++
	}
	if len(got) != 2 || got[2] < 900 || got[2] > 1100 || got[2]+got[4] != 4000 {
		t.Errorf("drew %v, want 2 about 1,000 times, and else 4", got)
	}
}
