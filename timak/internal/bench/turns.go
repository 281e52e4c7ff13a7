package bench

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

// The units of comparisons. Both are those of the median turn.
const (
	Cost    = "x-cost"   // our time divided by the baseline's
	Speedup = "x-faster" // the baseline's time divided by ours
)

// InTurns times two functions in turns; each goes first equally often, so that
// other load on the machine affects both. It reports the ratio in the given unit,
// the median time of each, and what each allocates.
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
	turnTime  = time.Millisecond      // the shortest turn
	allocTime = 20 * time.Millisecond // for how long allocations are counted
)

// side is one of the two functions.
type side struct {
	do    func()
	times int // per turn
	took  []float64
}

// newSide finds how often do must run to fill a turn.
func newSide(do func()) *side {
	s := &side{do: do}
	for s.times = 1; s.run() < turnTime; s.times *= 2 {
	}
	return s
}

func (s *side) run() time.Duration {
	begin := time.Now() //nolint:forbidigo // time is what is measured
	for range s.times {
		s.do()
	}
	return time.Since(begin)
}

// turn returns the average nanoseconds of do.
func (s *side) turn() float64 {
	took := float64(s.run()) / float64(s.times)
	s.took = append(s.took, took)
	return took
}

// allocations returns the allocations of one do, and their bytes.
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

// median returns the median of a list, and sorts the list.
func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
