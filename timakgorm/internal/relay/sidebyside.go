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
// of the application's pool. A delivery on commit has as many beside those of Run.
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
	workers := min(s.batch.relay.sideBySide(), len(at))
	l := newLine(at, workers, s.mayLook)
	var looking sync.WaitGroup
	for range workers {
		looking.Go(func() {
			for one := l.take(); one != nil; one = l.take() {
				err := s.lookAt(one, do)
				if dialect.NoConnection(err) && l.leave(one) {
					return
				}
				one.err = err
				l.done(one)
			}
		})
	}
	looking.Wait()
}

// lookAt looks, and notes a source that writers hold.
func (s *settling) lookAt(one *settled, do func(*settled) error) (err error) {
	defer recovered(&err)
	err = do(one)
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
