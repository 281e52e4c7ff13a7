package bench

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

// The units of what benchmarks compare. Both are of the median turn.
const (
	Cost    = "x-cost"   // our time in baselines
	Speedup = "x-faster" // the baseline's time in ours
)

// InTurns times two ways to do a thing in turns, each being the first as often
// as the other, so that what else the machine does is met by both. It reports,
// by the unit, how they compare; the medians of their times; and what either
// allocates.
func InTurns(b *testing.B, unit string, ours, baseline func()) {
	b.Helper()
	us, them := newSide(ours), newSide(baseline)
	var ratios []float64
	for n := 0; b.Loop(); n++ {
		var x, y float64
		if n%2 == 0 {
			x, y = us.turn(), them.turn()
		} else {
			y, x = them.turn(), us.turn()
		}
		if unit == Speedup {
			x, y = y, x
		}
		ratios = append(ratios, x/y)
	}
	b.StopTimer()
	b.ReportMetric(median(ratios), unit)
	b.ReportMetric(median(us.took), "ns/op")
	b.ReportMetric(median(them.took), "baseline-ns/op")
	b.ReportAllocs()
	allocs, bytes := us.allocations()
	b.ReportMetric(allocs, "allocs/op")
	b.ReportMetric(bytes, "B/op")
	allocs, _ = them.allocations()
	b.ReportMetric(allocs, "baseline-allocs/op")
}

const (
	turnTime  = time.Millisecond      // that a turn takes at least
	allocTime = 20 * time.Millisecond // that allocations are counted for
)

// side is one of the two.
type side struct {
	do    func()
	times int // a turn
	took  []float64
}

// newSide finds out how often do is to be done in a turn.
func newSide(do func()) *side {
	s := &side{do: do}
	for s.times = 1; s.run() < turnTime; s.times *= 2 {
	}
	return s
}

func (s *side) run() time.Duration {
	begin := time.Now() //nolint:forbidigo // it is what is measured
	for range s.times {
		s.do()
	}
	return time.Since(begin)
}

// turn returns the nanoseconds that do has taken on average.
func (s *side) turn() float64 {
	took := float64(s.run()) / float64(s.times)
	s.took = append(s.took, took)
	return took
}

// allocations returns how often do allocates, and how many bytes.
func (s *side) allocations() (allocs, bytes float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	runs := 0
	for took := time.Duration(0); took < allocTime; runs += s.times {
		took += s.run()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(runs), float64(after.TotalAlloc-before.TotalAlloc) / float64(runs)
}

// median returns the median of a list, which it sorts.
func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
