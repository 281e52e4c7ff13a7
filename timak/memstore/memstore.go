// Package memstore is a store in memory, for tests and examples. It keeps
// siblings as every store does, and forgets everything at Close.
package memstore

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/keys"
	"github.com/timak-go/timak/timak/internal/siblings"
)

// Store is a driver.Store in memory, made by New. Its methods may be called from
// any number of goroutines. They never wait longer than a look-up takes, so a Store
// works inside a testing/synctest bubble.
//
// Put needs a token of the same key from this store. It detects a token of another
// key, but not one that another Store gave out for the same key.
type Store struct {
	mu      sync.RWMutex
	records map[string]siblings.Record // nil once closed
}

var (
	_ driver.Store  = (*Store)(nil)
	_ driver.Lister = (*Store)(nil)
)

// New returns an empty store.
func New() *Store {
	return &Store{records: make(map[string]siblings.Record)}
}

// Get returns the siblings under key and their token; see driver.Store.
func (s *Store) Get(ctx context.Context, key string) (driver.Object, error) {
	record, err := s.get(ctx, key)
	if err != nil {
		return driver.Object{}, fmt.Errorf("memstore: get %q: %w", key, err)
	}
	return record.Object(), nil
}

// Put stores value beside the siblings that token did not see; see
// driver.Store. It returns a token whenever value is the only sibling.
func (s *Store) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	got, err := s.change(ctx, key, func(before siblings.Record) (siblings.Record, driver.Token, error) {
		return before.Put(value, token)
	})
	if err != nil {
		return nil, fmt.Errorf("memstore: put %q: %w", key, err)
	}
	return got, nil
}

// Keys returns the keys that begin with prefix and come after the key after, in
// order; see driver.Lister.
func (s *Store) Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return keys.List(prefix, after, func(from string) ([]string, error) {
		page, err := s.page(ctx, from)
		if err != nil {
			return nil, fmt.Errorf("memstore: list %q: %w", prefix, err)
		}
		return page, nil
	})
}

// Close drops everything that the store holds.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = nil
	return nil
}

func (s *Store) get(ctx context.Context, key string) (siblings.Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.find(ctx, key)
}

// change replaces the record of a key by what made makes of it.
func (s *Store) change(ctx context.Context, key string, made func(siblings.Record) (siblings.Record, driver.Token, error)) (driver.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, err := s.find(ctx, key)
	if err != nil {
		return nil, err
	}
	after, got, err := made(before)
	if err != nil {
		return nil, err
	}
	s.records[key] = after
	return got, nil
}

// page returns all keys from a place on.
func (s *Store) page(ctx context.Context, from string) ([]string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	var page []string
	for key := range s.records {
		if key >= from {
			page = append(page, key)
		}
	}
	slices.Sort(page)
	return page, nil
}

// check returns why there can be no call. The caller holds the lock.
func (s *Store) check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.records == nil {
		return driver.ErrClosed
	}
	return nil
}

// find returns the record under key. The caller holds the lock.
func (s *Store) find(ctx context.Context, key string) (siblings.Record, error) {
	if err := s.check(ctx); err != nil {
		return siblings.Record{}, err
	}
	if record, ok := s.records[key]; ok {
		return record, nil
	}
	return siblings.New(key), nil
}
