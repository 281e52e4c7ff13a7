package relay

import (
	"sync/atomic"
	"time"
)

// breaker keeps commits from waiting for a store that is away: after a failure
// they are left to the relay for a while, then one of them tries.
type breaker struct {
	until atomic.Int64 // nanoseconds; 0: nothing is amiss
	wait  atomic.Int64 // the last pause
}

// The pauses after failures, doubled each time up to a limit.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 10 * time.Second
)

// pass reports whether a commit may wait for its delivery, and since when it may.
// After a pause one of many may, and patience is how long the others leave theirs
// to the relay until its outcome is known.
func (b *breaker) pass(patience time.Duration) (since int64, pass bool) {
	until := b.until.Load()
	if until == 0 {
		return 0, true
	}
	now := time.Now()
	since = now.Add(patience).UnixNano()
	return since, now.UnixNano() >= until && b.until.CompareAndSwap(until, since)
}

func (b *breaker) trip() {
	wait := min(max(2*time.Duration(b.wait.Load()), firstPause), lastPause)
	b.wait.Store(int64(wait))
	b.until.Store(time.Now().Add(wait).UnixNano())
}

// lapse is trip for a commit that has waited in vain, as with a store that answers
// to nothing: its round says no more than that. The first of many trips it for
// all that were let pass since then.
func (b *breaker) lapse(since int64) {
	if b.until.CompareAndSwap(since, time.Now().Add(firstPause).UnixNano()) {
		b.trip()
	}
}

func (b *breaker) reset() {
	b.until.Store(0)
	b.wait.Store(0)
}
