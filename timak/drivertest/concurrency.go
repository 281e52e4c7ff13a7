package drivertest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/timak-go/timak/timak/driver"
)

const (
	writers = 8  // goroutines that write one key
	adds    = 25 // elements that the first writer adds; each of the others adds one more than the one before
)

// writersThatRead is the plain read-merge-write of many concurrent writers.
func writersThatRead(s subject) { s.writeTogether(false) }

// writersThatReuseTokens skips the Get as long as the last Put returned a token.
func writersThatReuseTokens(s subject) { s.writeTogether(true) }

// writeTogether has all writers add their elements to one key; the last one writes
// alone for a while. No element may be lost, and there may never be more siblings
// than writers and lost answers: see driver.Store.
func (s subject) writeTogether(reuse bool) {
	var group sync.WaitGroup
	answers := &answers{store: s.store}
	for i := range writers {
		w := &writer{store: s.store, key: s.key, reuse: reuse, answers: answers}
		group.Go(func() {
			if err := w.addAll(s.t.Context(), i); err != nil {
				s.t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	group.Wait()
	s.wantElements(allElements(), allElements())
	if err := answers.bound(len(s.get().Siblings)); err != nil {
		s.t.Errorf("when all writers were done: %v", err)
	}
}

// Resending is a store that repeats a put when its answer was lost. Resent returns
// how often it has done so, and may be called at any time.
type Resending interface{ Resent() int }

// answers counts lost answers.
type answers struct {
	store driver.Store
	lost  atomic.Int64 // puts that failed
}

// bound returns an error if there are more siblings than there may be. They must
// have been read before the call.
func (a *answers) bound(siblings int) error {
	lost := int(a.lost.Load())
	if store, ok := a.store.(Resending); ok {
		lost += store.Resent()
	}
	if siblings > writers+lost {
		return fmt.Errorf("got %d siblings, want at most %d: one of each of %d writers, and one for each of %d lost answers",
			siblings, writers+lost, writers, lost)
	}
	return nil
}

func element(writer, n int) string { return fmt.Sprintf("%d.%d", writer, n) }

func allElements() set {
	all := set{}
	for i := range writers {
		for n := range adds + i {
			all[element(i, n)] = true
		}
	}
	return all
}

// A writer adds elements to the set under a key, one read-merge-write each.
type writer struct {
	store driver.Store
	key   string
	reuse bool // skip the Get while the last Put's token is good

	answers *answers // for addAll

	value set          // the value of the last Put …
	token driver.Token // … and the token it returned
}

func (w *writer) addAll(ctx context.Context, i int) error {
	for n := range adds + i {
		if err := w.addOne(ctx, element(i, n)); err != nil {
			return fmt.Errorf("adding %s: %w", element(i, n), err)
		}
	}
	return nil
}

// addOne adds one element. When an answer is lost it reads again, as the contract
// requires, and retries.
func (w *writer) addOne(ctx context.Context, element string) error {
	const tries = 20
	for n := 1; ; n++ {
		siblings, err := w.add(ctx, element)
		if err == nil {
			return w.answers.bound(siblings)
		}
		if !errors.Is(err, driver.ErrUnavailable) || n == tries {
			return err
		}
		w.answers.lost.Add(1)
	}
}

// add adds one element and returns how many siblings it merged.
func (w *writer) add(ctx context.Context, element string) (siblings int, err error) {
	if !w.reuse || w.token == nil {
		var obj driver.Object
		if w.value, obj, err = readSet(ctx, w.store, w.key); err != nil {
			return 0, err
		}
		w.token, siblings = obj.Token, len(obj.Siblings)
	}
	runtime.Gosched() // lets other writers in, even on one processor
	w.value[element] = true
	w.token, err = w.store.Put(ctx, w.key, w.value.encode(), w.token)
	return siblings, err
}

// readersSeeWhatWasAcknowledged reads while one writer writes. A read that starts
// after an element was acknowledged must see it.
func readersSeeWhatWasAcknowledged(s subject) {
	const readers = 4
	var acknowledged atomic.Int64
	var group sync.WaitGroup
	group.Go(func() {
		defer acknowledged.Store(adds) // ends the readers, whatever happens
		w := &writer{store: s.store, key: s.key}
		for n := range adds {
			if _, err := w.add(s.t.Context(), element(0, n)); err != nil {
				s.t.Errorf("writer: %v", err)
				return
			}
			acknowledged.Store(int64(n) + 1)
		}
	})
	for range readers {
		group.Go(func() { s.readUntil(&acknowledged, adds) })
	}
	group.Wait()
}

// readUntil reads until n elements are acknowledged, and once more.
func (s subject) readUntil(acknowledged *atomic.Int64, n int64) {
	for before := int64(-1); before < n; {
		before = acknowledged.Load()
		got, _, err := readSet(s.t.Context(), s.store, s.key)
		if err != nil {
			s.t.Errorf("reader: %v", err)
			return
		}
		for i := range before {
			if !got[element(0, int(i))] {
				s.t.Errorf("reader: %d elements were acknowledged, got only %d", before, len(got))
				return
			}
		}
	}
}
