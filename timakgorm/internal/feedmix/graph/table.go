package graph

import (
	"math"
	"math/rand/v2"
	"sort"
)

// Table draws numbers from 1 to n by their weights.
type Table struct {
	sums []float64 // of the weights up to each number
}

// NewTable returns a table of the numbers 1 to n, whose weights are not negative.
func NewTable(n int, weight func(k int) float64) Table {
	t := Table{make([]float64, n)}
	sum := 0.0
	for i := range t.sums {
		sum += weight(i + 1)
		t.sums[i] = sum
	}
	return t
}

// Zipf returns a table in which the weight of k is 1/k^exponent. The exponent may be
// below 1, which rand.Zipf refuses.
func Zipf(n int, exponent float64) Table {
	return NewTable(n, func(k int) float64 { return math.Pow(float64(k), -exponent) })
}

// Draw returns a number.
func (t Table) Draw(r *rand.Rand) int {
	last := len(t.sums) - 1
	at := r.Float64() * t.sums[last]
	return 1 + min(last, sort.Search(last, func(i int) bool { return t.sums[i] > at }))
}
