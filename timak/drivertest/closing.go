package drivertest

import (
	"errors"
	"sync"

	"github.com/timak-go/timak/timak/driver"
)

func closeTwice(s subject) {
	s.put("one", nil)
	s.close()
	s.close()
}

func (s subject) close() {
	s.t.Helper()
	s.soon("Close", func() {
		if err := s.store.Close(); err != nil {
			s.t.Errorf("Close: %v", err)
		}
	})
}

func closedStoreRefusesCalls(s subject) {
	s.put("one", nil)
	s.close()
	_, err := s.store.Get(s.t.Context(), s.key)
	s.wantErr("Get", err, driver.ErrClosed)
	_, err = s.store.Put(s.t.Context(), s.key, []byte("two"), nil)
	s.wantErr("Put", err, driver.ErrClosed)
}

// closeDuringCalls closes the store while calls are running, twice at once. Every
// call works or returns an error that says why not, and none hangs.
func closeDuringCalls(s subject) {
	var group, running sync.WaitGroup
	for range writers {
		running.Add(1)
		group.Go(func() { s.callUntilClosed(running.Done) })
	}
	running.Wait()
	for range 2 {
		group.Go(func() { s.wantErr("Close", s.store.Close(), nil) })
	}
	s.soon("a call on a closing store", group.Wait)
}

// callUntilClosed calls started after its first call, and then goes on until the
// store is closed.
func (s subject) callUntilClosed(started func()) {
	w := &writer{store: s.store, key: newKey()}
	_, err := w.add(s.t.Context(), "one")
	started()
	for err == nil || errors.Is(err, driver.ErrUnavailable) {
		_, err = w.add(s.t.Context(), "one")
	}
	s.wantErr("a call while the store closes", err, driver.ErrClosed)
}
