package relay

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// room is a timeline that has got room for items which it lacks.
type room struct {
	key   string
	items int
	tries int       // that came to nothing
	from  time.Time // not to be tried before; zero: at once
}

// rooms are timelines that wait to be healed when the relay has nothing else to do. They
// are in memory alone: what a process forgets has room until something is removed from it
// again, and its pages are whole all the while. The zero rooms is ready to use. Its methods
// may be called from any number of goroutines.
type rooms struct {
	mu      sync.Mutex
	waiting map[string]room
	dear    map[string]bool // timelines for which many rows were read
}

// roomsMost is how many timelines wait at most, and how many are known to be dear.
const roomsMost = 10_000

// roomTries is how often a timeline is tried. With its waits that takes some minutes.
const roomTries = 12

// put lets timelines wait. Of a timeline that waits already the earlier try counts.
func (r *rooms) put(some ...room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		r.waiting = map[string]room{}
	}
	for _, one := range some {
		known, waits := r.waiting[one.key]
		if waits && known.from.Before(one.from) || !waits && len(r.waiting) == roomsMost {
			continue
		}
		r.waiting[one.key] = one
	}
}

// again lets a timeline wait that could not be healed, the longer the more often.
func (r *rooms) again(one room) {
	if one.tries++; one.tries < roomTries {
		one.from = time.Now().Add(Spread(min(firstWait<<one.tries, lastAgeWait)))
		r.put(one)
	}
}

// setDear notes whether a timeline is dear to heal.
func (r *rooms) setDear(key string, dear bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !dear {
		delete(r.dear, key)
		return
	}
	if r.dear == nil {
		r.dear = map[string]bool{}
	}
	if len(r.dear) < roomsMost {
		r.dear[key] = true
	}
}

func (r *rooms) isDear(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dear[key]
}

// take takes timelines whose time has come: those with the most room, at most healMost.
func (r *rooms) take() (taken []room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, one := range r.waiting {
		if !one.from.After(now) {
			taken = append(taken, one)
		}
	}
	taken, _ = first(taken)
	for _, one := range taken {
		delete(r.waiting, one.key)
	}
	return taken
}

// until returns how long to wait for the next one, or wait if that is shorter.
func (r *rooms) until(wait time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.waiting {
		wait = min(wait, max(0, time.Until(one.from)))
	}
	return wait
}

// first returns the timelines with the most room, at most healMost, and the others.
func first(all []room) (some, others []room) {
	slices.SortFunc(all, func(a, b room) int { return cmp.Or(cmp.Compare(b.items, a.items), cmp.Compare(a.key, b.key)) })
	n := min(healMost, len(all))
	return all[:n], all[n:]
}
