// Package openloop starts operations at a fixed rate, whether or not earlier ones have
// ended.
package openloop

import (
	"context"
	"sync"
	"time"
)

// Loop starts operations at a fixed rate, whether or not earlier ones have ended. So a
// slow system meets as many as a fast one, and what waits for it counts: the latency of
// an operation is to be measured from when it was due.
type Loop struct {
	Every time.Duration // from one operation to the next

	// Sleep waits; time.Sleep may return a millisecond late. Defaults to what the
	// system has that is more exact.
	Sleep func(time.Duration)
}

// Run starts n operations, each in a goroutine of its own with the time at which it was
// due, and waits for all of them. When ctx ends, it starts no more.
func (l Loop) Run(ctx context.Context, n int, do func(i int, due time.Time)) {
	sleep := l.Sleep
	if sleep == nil {
		sleep = sleepExactly
	}
	var running sync.WaitGroup
	defer running.Wait()
	began := time.Now()
	for i := range n {
		due := began.Add(time.Duration(i) * l.Every)
		if wait := time.Until(due); wait > 0 {
			sleep(wait)
		}
		if ctx.Err() != nil {
			return
		}
		running.Go(func() { do(i, due) })
	}
}
