package redisstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/gate"
)

// Store is a driver.Store on Redis, made by Open, OpenUniversal or New. Any number of
// goroutines may use it, and any number of stores, in any number of processes, may
// share a prefix.
type Store struct {
	client redis.UniversalClient
	owned  bool // the client is the store's own
	prefix string
	resend int // how often a put is sent again
	room   int // bytes of names that a listing holds

	gate    gate.Gate
	workers *workers
	closing sync.Once
}

var _ driver.Store = (*Store)(nil)

// Get implements driver.Store. It is one round trip.
func (s *Store) Get(ctx context.Context, key string) (driver.Object, error) {
	fields, err := call(ctx, s, func(ctx context.Context) (map[string]string, error) {
		return s.client.HGetAll(ctx, s.key(key)).Result()
	})
	if err != nil {
		return driver.Object{}, fmt.Errorf("redisstore: get %q: %w", key, err)
	}
	object, err := objectOf(key, fields)
	if err != nil {
		return driver.Object{}, fmt.Errorf("redisstore: get %q: %w", key, err)
	}
	return object, nil
}

// objectOf returns the siblings among the fields of a hash, with their token.
func objectOf(key string, fields map[string]string) (driver.Object, error) {
	if len(fields) == 0 {
		return driver.Object{}, nil
	}
	siblings := make([][]byte, 0, len(fields))
	dots := make([]string, 0, len(fields))
	for name, value := range fields {
		switch {
		case len(name) == dotLen:
			dots = append(dots, name)
			siblings = append(siblings, bytesOf(value+fields[name+restMark]))
		case !isRest(fields, name):
			return driver.Object{}, fmt.Errorf("%w: a hash with a field %q", ErrNotATimeline, name)
		}
	}
	return driver.Object{Siblings: siblings, Token: tokenOf(key, dots...)}, nil
}

// bytesOf returns the bytes of a text that go-redis has just read, without a copy:
// one of 90 KB took as long as to fetch it. Nobody else has the text, and nobody
// writes to the values of an Object.
func bytesOf(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) }

// Put implements driver.Store. It is one round trip, and returns a token whenever
// value is the only sibling.
//
// When ctx ends during the call, value may or may not be stored. A server that is
// full, or that has too few replicas for its min-replicas-to-write, stores nothing:
// the error wraps driver.ErrUnavailable.
func (s *Store) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	got, err := s.put(ctx, key, value, token)
	if err != nil {
		return nil, fmt.Errorf("redisstore: put %q: %w", key, err)
	}
	return got, nil
}

func (s *Store) put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	seen, err := dotsOf(key, token)
	if err != nil {
		return nil, err
	}
	if len(value) > maxValue {
		return nil, tooLarge(len(value), maxValue)
	}
	dot := newDot()
	fields := fieldsOf(dot, value)
	stored, err := call(ctx, s, func(ctx context.Context) (int64, error) {
		return s.write(ctx, s.key(key), fields, namesOf(seen))
	})
	if err != nil {
		return nil, s.explainSize(ctx, len(value), err)
	}
	if 2*int(stored) > len(fields) {
		return nil, nil
	}
	return tokenOf(key, dot), nil
}

// key returns the name in Redis of a timeline's key.
func (s *Store) key(key string) string { return s.prefix + "timeline:" + key }

// closePatience is how long Close waits for calls.
const closePatience = 2 * time.Second

// Close waits for the calls in progress, for two seconds at most, and closes the
// client if the store has made it: those that are not answered by then return
// driver.ErrClosed. A second Close waits for the first.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		select {
		case <-s.gate.Close():
		case <-time.After(closePatience):
		}
		s.workers.end()
		if s.owned {
			err = s.client.Close()
		}
	})
	if err != nil && !errors.Is(err, redis.ErrClosed) {
		return fmt.Errorf("redisstore: close: %w", err)
	}
	return nil
}
