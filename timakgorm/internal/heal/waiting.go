package heal

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// waiting are timelines that wait to be healed when there is nothing else to do. They are in
// memory alone: what a process forgets has room until something is removed from it again,
// and its pages are whole all the while. The zero waiting is ready to use.
type waiting struct {
	mu    sync.Mutex
	rooms map[string]later
	pause time.Time       // none is tried before
	dear  map[string]bool // timelines for which many rows were read
}

// later is a room that is not to be tried before a time; zero: at once.
type later struct {
	Room

	from time.Time
}

// mostWait is how many timelines wait at most, and how many are known to be dear.
const mostWait = 10_000

// A timeline is tried mostTries times, which takes some minutes. The waits between two tries
// grow up to longestWait.
const (
	mostTries   = 12
	firstWait   = time.Second
	longestWait = 30 * time.Second
)

// put lets timelines wait, and be tried at once.
func (w *waiting) put(some ...Room) {
	for _, room := range some {
		w.add(later{Room: room})
	}
}

// add lets a timeline wait. One that does so already goes on with its tries.
func (w *waiting) add(one later) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rooms == nil {
		w.rooms = map[string]later{}
	}
	known, waits := w.rooms[one.Key]
	switch {
	case waits && known.tries > one.tries:
		known.Items = one.Items
		w.rooms[one.Key] = known
	case waits || len(w.rooms) < mostWait:
		w.rooms[one.Key] = one
	}
}

// without returns the timelines that do not wait for another try.
func (w *waiting) without(rooms []Room) (others []Room) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, room := range rooms {
		if w.rooms[room.Key].tries == 0 {
			others = append(others, room)
		}
	}
	return others
}

// again lets a timeline wait that could not be healed, the longer the more often. While the
// store is away, all wait, and no try counts.
func (w *waiting) again(room Room, away bool) {
	room.tries++
	wait := min(firstWait<<room.tries, longestWait)
	from := time.Now().Add(wait/2 + rand.N(wait/2))
	if away {
		room.tries = 1
		w.rest(from)
	}
	if room.tries < mostTries {
		w.add(later{room, from})
	}
}

// rest lets all timelines wait.
func (w *waiting) rest(until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pause = until
}

// setDear notes whether a timeline is dear to heal.
func (w *waiting) setDear(key string, dear bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !dear {
		delete(w.dear, key)
		return
	}
	if w.dear == nil {
		w.dear = map[string]bool{}
	}
	if len(w.dear) < mostWait {
		w.dear[key] = true
	}
}

// Dear reports whether a timeline is dear to heal.
func (h *Healer) Dear(key string) bool { return h.waiting.isDear(key) }

func (w *waiting) isDear(key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dear[key]
}

// take takes timelines whose time has come: those with the most room.
func (w *waiting) take() (taken []Room) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for _, one := range w.rooms {
		if !one.from.After(now) && !w.pause.After(now) {
			taken = append(taken, one.Room)
		}
	}
	taken, _ = first(taken)
	for _, room := range taken {
		delete(w.rooms, room.Key)
	}
	return taken
}

// Until returns how long to wait for the next timeline, or wait if that is shorter.
func (h *Healer) Until(wait time.Duration) time.Duration { return h.waiting.until(wait) }

func (w *waiting) until(wait time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.rooms {
		wait = min(wait, max(0, time.Until(one.from), time.Until(w.pause)))
	}
	return wait
}

// first returns the timelines with the most room, and the others.
func first(rooms []Room) (some, others []Room) {
	slices.SortFunc(rooms, func(a, b Room) int { return cmp.Or(cmp.Compare(b.Items, a.Items), cmp.Compare(a.Key, b.Key)) })
	n := min(most, len(rooms))
	return rooms[:n], rooms[n:]
}
