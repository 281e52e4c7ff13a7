package relay

import (
	"sync"

	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// A look at a source takes several round trips, so looks at different sources are taken side
// by side. Those at one source come one after the other: where several transactions lock
// the same rows, Postgres has more to note.

// looksAtOnce is how many sources a batch looks at side by side. Each look has a connection
// of the application's pool.
const looksAtOnce = 4

// sideBySide returns how many looks are taken side by side: one with SQLite, which has no
// trips to wait for and one writer at a time, and few with a small pool.
func (r *Relay) sideBySide() int {
	db, err := r.opts.DB()
	if err != nil || !r.tables.Dialect.Lock {
		return 1
	}
	if most := db.Stats().MaxOpenConnections; most > 0 { // the relay has one, and others have some
		return max(1, min(looksAtOnce, most/2-1))
	}
	return looksAtOnce
}

// look calls do for each of some subscriptions, unless its source is locked, or the batch has
// done enough, and notes the errors.
func (s *settling) look(at []*settled, do func(*settled) error) {
	sources := bySource(at)
	var looking sync.WaitGroup
	next := make(chan []*settled)
	for range min(s.batch.relay.sideBySide(), len(sources)) {
		looking.Go(func() {
			for some := range next {
				for _, one := range some {
					one.err = s.lookAt(one, do)
				}
			}
		})
	}
	for _, some := range sources {
		next <- some
	}
	close(next)
	looking.Wait()
}

// bySource returns subscriptions by their source, in the order of the first ones.
func bySource(all []*settled) (sources [][]*settled) {
	places := map[audience.Source]int{}
	for _, one := range all {
		place, known := places[one.source()]
		if !known {
			place = len(sources)
			places[one.source()] = place
			sources = append(sources, nil)
		}
		sources[place] = append(sources[place], one)
	}
	return sources
}

func (s *settling) lookAt(one *settled, do func(*settled) error) error {
	if err := s.mayLook(one.source()); err != nil {
		return err
	}
	err := do(one)
	if dialect.Contended(err) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy[one.source()] = err
	}
	return err
}

// mayLook returns why a source is not to be looked at now; nil if it is.
func (s *settling) mayLook(source audience.Source) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.busy[source]; err != nil {
		return err
	}
	if len(s.busy) >= s.mostBusy || s.items > settleItems || s.bytes > settleBytes {
		return errNextBatch
	}
	return nil
}

// copied counts what a look has brought.
func (s *settling) copied(c audience.Copy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items, s.bytes = s.items+len(c.Ops), s.bytes+c.Bytes
}
