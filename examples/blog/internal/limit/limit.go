// Package limit bounds how often something may happen, for each of many keys.
package limit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limit lets each key do something a number of times in a row, and then again as time goes
// by. It is for use by any number of goroutines. It forgets: what a key has used is known for
// as long as it takes to become available again, unless there are too many keys.
type Limit struct {
	perSecond rate.Limit
	burst     int

	mu          sync.Mutex
	turned      time.Time
	young, ripe map[string]*rate.Limiter
	full        time.Duration // after which an unused key has all its uses again
	keys        int           // that young may have
}

// maxKeys bounds the memory of a Limit, to some 30 MB: half of them are younger.
const maxKeys = 100_000

// New returns a limit: burst uses in a row, perSecond more each second. Both must be above 0.
func New(perSecond float64, burst int) *Limit {
	full := time.Duration(min(float64(burst)/perSecond, (24*time.Hour).Seconds()) * float64(time.Second))
	return &Limit{perSecond: rate.Limit(perSecond), burst: burst, full: full, keys: maxKeys / 2, young: map[string]*rate.Limiter{}}
}

// Take uses a key once and returns 0; or it does not, and returns how long to wait.
func (l *Limit) Take(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	use := l.of(key, now).ReserveN(now, 1)
	wait := use.DelayFrom(now)
	if wait > 0 {
		use.CancelAt(now)
	}
	return wait
}

// Forget makes all uses of a key available again.
func (l *Limit) Forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.young, key)
	delete(l.ripe, key)
}

// of returns the limiter of a key. Two generations of keys are kept: one that is looked at
// belongs to the young, and the ripe are dropped together.
func (l *Limit) of(key string, now time.Time) *rate.Limiter {
	if now.Sub(l.turned) > l.full || len(l.young) >= l.keys {
		l.ripe, l.young, l.turned = l.young, map[string]*rate.Limiter{}, now
	}
	one, there := l.young[key]
	if !there {
		if one, there = l.ripe[key]; !there {
			one = rate.NewLimiter(l.perSecond, l.burst)
		}
		l.young[key] = one
	}
	return one
}
