package drivertest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/timak-go/timak/timak/driver"
)

const (
	writers = 8  // goroutines that write one key
	adds    = 25 // elements that the first of them adds; each other adds one more
)

// writersThatRead is the plain read-merge-write of many writers at once.
func writersThatRead(s subject) { s.writeTogether(false) }

// writersThatReuseTokens skips the Get while the last Put returned a token.
func writersThatReuseTokens(s subject) { s.writeTogether(true) }

// writeTogether has all writers add their elements to one key, and the last of
// them for a while alone. No element may be lost. Each value covers its writer's value before it, so that there are
// never more siblings than writers.
func (s subject) writeTogether(reuse bool) {
	var group sync.WaitGroup
	for i := range writers {
		w := &writer{store: s.store, key: s.key, reuse: reuse}
		group.Go(func() {
			if err := w.addAll(s.t.Context(), i); err != nil {
				s.t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	group.Wait()
	s.wantElements(allElements(), allElements())
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

	value set          // the value of the last Put …
	token driver.Token // … and the token it returned
}

func (w *writer) addAll(ctx context.Context, i int) error {
	for n := range adds + i {
		siblings, err := w.add(ctx, element(i, n))
		if err != nil {
			return fmt.Errorf("adding %s: %w", element(i, n), err)
		}
		if siblings > writers {
			return fmt.Errorf("got %d siblings, want at most %d, one a writer", siblings, writers)
		}
	}
	return nil
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
	runtime.Gosched() // others come between, even on one processor
	w.value[element] = true
	w.token, err = w.store.Put(ctx, w.key, w.value.encode(), w.token)
	return siblings, err
}

// readersSeeWhatWasAcknowledged reads beside one writer. A read that starts
// after an element was acknowledged sees it.
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
