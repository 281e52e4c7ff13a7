package relay

import (
	"slices"
	"sync"

	"github.com/timak-go/timak/timakgorm/internal/audience"
)

// line hands out the subscriptions that a batch looks at, in their order, but for those of a
// source that is being looked at: they wait. So the rows that come first are done first, and
// a batch that ends too soon for all of them has finished some. Its methods may be called
// from any number of goroutines.
type line struct {
	may func(audience.Source) error // why a source is not to be looked at; nil if it is

	mu      sync.Mutex
	changed sync.Cond
	waiting []*settled
	looked  map[audience.Source]bool // at just now
	workers int
}

func newLine(waiting []*settled, workers int, may func(audience.Source) error) *line {
	l := &line{may: may, waiting: slices.Clone(waiting), looked: map[audience.Source]bool{}, workers: workers}
	l.changed.L = &l.mu
	return l
}

// take returns the next subscription, when its source is free; nil if there is none left, and
// the worker is done. Those that are not to be looked at get the reason as their error.
func (l *line) take() *settled {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) > 0 {
		i := slices.IndexFunc(l.waiting, func(one *settled) bool { return !l.looked[one.source()] })
		if i < 0 {
			l.changed.Wait()
			continue
		}
		one := l.waiting[i]
		l.waiting = slices.Delete(l.waiting, i, i+1)
		if one.err = l.may(one.source()); one.err == nil {
			l.looked[one.source()] = true
			return one
		}
	}
	l.workers--
	return nil
}

// done says that a look has ended.
func (l *line) done(one *settled) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looked[one.source()] = false
	l.changed.Broadcast()
}

// leave puts a subscription back and takes a worker away. It does not, and returns false, if
// that is the last one.
func (l *line) leave(one *settled) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.workers == 1 {
		return false
	}
	l.workers--
	l.waiting = slices.Insert(l.waiting, 0, one)
	l.looked[one.source()] = false
	l.changed.Broadcast()
	return true
}
