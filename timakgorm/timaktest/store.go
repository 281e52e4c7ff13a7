package timaktest

import (
	"context"
	"sync"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
)

// Store is a driver.Store in memory that fails where a test tells it to. NewStore makes it.
// All methods may be called from any number of goroutines, at any time.
type Store struct {
	*drivertest.Failing

	mu      sync.Mutex
	all     error            // of every call; nil: none fails
	keys    map[string]error // of the calls for a key
	losing  map[string]error // of the answers to a key's puts
	failed  map[string]bool  // keys that have failed since watch
	noticed context.CancelCauseFunc
}

// NewStore returns an empty store that does not fail.
func NewStore() *Store {
	s := &Store{Failing: drivertest.NewFailing(memstore.New())}
	s.Mend()
	s.Before, s.After = s.before, s.after
	return s
}

// Fail makes every call return err, until Mend. nil means driver.ErrUnavailable: the store
// is away.
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = orUnavailable(err)
}

// FailKey makes every call for one timeline return err, until Mend. nil means
// driver.ErrUnavailable.
func (s *Store) FailKey(key string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[key] = orUnavailable(err)
}

// LoseAnswers lets writes of one timeline take place and return driver.ErrUnavailable, as
// if the answer was lost, until Mend. Relay then tries again, and finds nothing to write.
func (s *Store) LoseAnswers(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.losing[key] = driver.ErrUnavailable
}

// Mend ends all failures.
func (s *Store) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all, s.keys, s.losing = nil, map[string]error{}, map[string]error{}
}

func orUnavailable(err error) error {
	if err == nil {
		return driver.ErrUnavailable
	}
	return err
}

// before is the error of a call that does not take place.
func (s *Store) before(_ context.Context, call drivertest.Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all != nil {
		return s.fails(call.Key, s.all)
	}
	return s.fails(call.Key, s.keys[call.Key])
}

// after is the error of a call that has taken place.
func (s *Store) after(_ context.Context, call drivertest.Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if call.Op != drivertest.Put {
		return nil
	}
	return s.fails(call.Key, s.losing[call.Key])
}

// fails notes an error, and tells of one of a key that has failed before. The caller holds
// the lock.
func (s *Store) fails(key string, err error) error {
	if err != nil && s.noticed != nil {
		if s.failed[key] {
			s.noticed(err)
		}
		s.failed[key] = true
	}
	return err
}

// watch tells when a key has failed twice, until the returned function is called.
func (s *Store) watch(noticed context.CancelCauseFunc) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noticed, s.failed = noticed, map[string]bool{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.noticed = nil
	}
}
