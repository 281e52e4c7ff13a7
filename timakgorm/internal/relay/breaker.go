package relay

import (
	"sync/atomic"
	"time"
)

// breaker is a circuit breaker: it keeps commits from waiting for a store that cannot
// be reached. After a failure commits leave their changes to the relay for a while,
// then one of them tries. The zero breaker lets all pass.
type breaker struct {
	until atomic.Int64 // nanoseconds since 1970; 0: all pass
	wait  atomic.Int64 // the last pause, in nanoseconds
}

// The first and the longest pause after failures; each is twice the one before.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 10 * time.Second
)

// pass reports whether a commit may wait for its delivery; since is for lapse. After a
// pause one commit may, and the others leave their changes to the relay for patience,
// or until the outcome of the first is known.
func (b *breaker) pass(patience time.Duration) (since int64, pass bool) {
	until := b.until.Load()
	if until == 0 {
		return 0, true
	}
	now := time.Now()
	since = now.Add(patience).UnixNano()
	return since, now.UnixNano() >= until && b.until.CompareAndSwap(until, since)
}

// trip begins a pause.
func (b *breaker) trip() {
	wait := min(max(2*time.Duration(b.wait.Load()), firstPause), lastPause)
	b.wait.Store(int64(wait))
	b.until.Store(time.Now().Add(wait).UnixNano())
}

// lapse is trip for a commit that has waited in vain, as for a store that never
// answers. Only the first of the commits that passed with the same since begins a
// pause.
func (b *breaker) lapse(since int64) {
	if b.until.CompareAndSwap(since, time.Now().Add(firstPause).UnixNano()) {
		b.trip()
	}
}

// reset lets all pass.
func (b *breaker) reset() {
	b.until.Store(0)
	b.wait.Store(0)
}
