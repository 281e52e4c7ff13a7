package drivertest

import (
	"context"
	"errors"
	"sync"
	"time"
)

func cancelledContext(s subject) {
	ctx, cancel := context.WithCancel(s.t.Context())
	cancel()
	s.refusesEnded(ctx, context.Canceled)
}

func expiredContext(s subject) {
	ctx, cancel := context.WithDeadline(s.t.Context(), time.Unix(0, 0))
	defer cancel()
	s.refusesEnded(ctx, context.DeadlineExceeded)
}

// refusesEnded makes calls with an ended context, and then some with a good one to
// check that the store still works.
func (s subject) refusesEnded(ctx context.Context, want error) {
	s.put("one", nil)
	token := s.get().Token
	s.soon("Get", func() {
		_, err := s.store.Get(ctx, s.key)
		s.wantErr("Get", err, want)
	})
	s.soon("Put", func() {
		_, err := s.store.Put(ctx, s.key, []byte("beside"), nil)
		s.wantErr("Put", err, want)
	})
	s.put("two", token)
	for _, got := range texts(s.get().Siblings) {
		if got != "two" && got != "beside" {
			s.t.Errorf("got sibling %q, want only two and perhaps beside", got)
		}
	}
}

// cancelDuringCalls cancels every second call of many writers while it runs, at a
// random point. A cancelled call works or returns the context's error; the others
// work; and nothing acknowledged is lost.
func cancelDuringCalls(s subject) {
	var (
		mu    sync.Mutex
		acked = set{}
		group sync.WaitGroup
	)
	for i := range writers {
		group.Go(func() {
			for n := range adds + i {
				err := s.addCancelled(element(i, n), n%2 == 1)
				if err != nil && !errors.Is(err, context.Canceled) {
					s.t.Errorf("writer %d: %v", i, err)
				}
				if err == nil {
					mu.Lock()
					acked[element(i, n)] = true
					mu.Unlock()
				}
			}
		})
	}
	s.soon("a writer", group.Wait)
	s.wantElements(acked, allElements())
}

// addCancelled adds one element with a context that is cancelled meanwhile if ends
// is true.
func (s subject) addCancelled(element string, ends bool) error {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	if ends {
		go cancel()
	}
	w := &writer{store: s.store, key: s.key}
	_, err := w.add(ctx, element)
	return err
}
