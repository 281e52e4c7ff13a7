package openloop_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/openloop"
)

const every = 10 * time.Millisecond

// TestLoop_slow: a system that does one thing at a time, each in three times the time from
// one to the next, cannot hide that everybody waits for it: the last waits longest.
func TestLoop_slow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n, takes = 20, 3 * every
		place := make(chan struct{}, 1)
		var began, latencies [n]time.Duration
		start := time.Now()
		openloop.Loop{Every: every, Sleep: time.Sleep}.Run(t.Context(), n, func(i int, due time.Time) {
			began[i] = time.Since(start)
			place <- struct{}{}
			time.Sleep(takes)
			<-place
			latencies[i] = time.Since(due)
		})
		total := time.Duration(0)
		for i := range n {
			if want := time.Duration(i) * every; began[i] != want {
				t.Errorf("operation %d began after %v, want %v", i, began[i], want)
			}
			total += latencies[i]
		}
		// Whoever is served first: the last ends after n times takes, and all wait for those before them.
		want := time.Duration(0)
		for i := range n {
			want += time.Duration(i+1)*takes - time.Duration(i)*every
		}
		if total != want {
			t.Errorf("the latencies sum up to %v, want %v: they are %v", total, want, latencies)
		}
	})
}

// TestLoop_stall: what was due while the system stood still counts from then.
func TestLoop_stall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		until := time.Now().Add(10 * every)
		var latencies [12]time.Duration
		openloop.Loop{Every: every, Sleep: time.Sleep}.Run(t.Context(), 12, func(i int, due time.Time) {
			time.Sleep(time.Until(until))
			latencies[i] = time.Since(due)
		})
		for i, got := range latencies {
			if want := max(0, time.Duration(10-i)*every); got != want {
				t.Errorf("operation %d took %v, want %v", i, got, want)
			}
		}
	})
}

// TestLoop_late: when the loop itself was late, it starts what was due meanwhile at once.
func TestLoop_late(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, slept := time.Now(), 0
		oversleeps := func(d time.Duration) {
			if slept++; slept == 1 {
				d += 5 * every
			}
			time.Sleep(d)
		}
		var began, dues [10]time.Duration
		openloop.Loop{Every: every, Sleep: oversleeps}.Run(t.Context(), 10, func(i int, due time.Time) {
			began[i], dues[i] = time.Since(start), due.Sub(start)
		})
		for i := range began {
			due := time.Duration(i) * every
			want := due
			if i > 0 {
				want = max(due, 6*every)
			}
			if began[i] != want || dues[i] != due {
				t.Errorf("operation %d began after %v, due after %v; want %v, %v", i, began[i], dues[i], want, due)
			}
		}
	})
}

// TestLoop_ends with its context, after what runs.
func TestLoop_ends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*every+every/2)
		defer cancel()
		var done [10]bool
		openloop.Loop{Every: every, Sleep: time.Sleep}.Run(ctx, 10, func(i int, _ time.Time) {
			time.Sleep(20 * every)
			done[i] = true
		})
		for i, got := range done {
			if want := i <= 3; got != want {
				t.Errorf("operation %d: done %v, want %v", i, got, want)
			}
		}
	})
}

// TestLoop_exact: without another sleep, no operation begins before it is due.
func TestLoop_exact(t *testing.T) {
	t.Parallel()
	openloop.Loop{Every: time.Millisecond}.Run(t.Context(), 50, func(i int, due time.Time) {
		if early := time.Until(due); early > 0 {
			t.Errorf("operation %d began %v before it was due", i, early)
		}
	})
}
