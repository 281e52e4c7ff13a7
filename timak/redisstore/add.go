package redisstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
)

var _ driver.Adder = (*Store)(nil)

// addFrom is the size from which a first page leaves most of a value where it is, and an addition
// saves more than it costs there.
const addFrom = 16 << 10

// AddFrom returns 16 KiB; see driver.Adder.
func (s *Store) AddFrom() int { return addFrom }

// Add stores value beside all siblings; see driver.Adder. It is one round trip, and returns a
// token whenever token covers all others. For errors see Put.
func (s *Store) Add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	got, err := s.add(ctx, key, value, token)
	if err != nil {
		return nil, fmt.Errorf("redisstore: add %q: %w", key, err)
	}
	return got, nil
}

func (s *Store) add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	known, err := dotsOf(key, token)
	if err != nil {
		return nil, err
	}
	if len(value) > maxValue {
		return nil, tooLarge(len(value), maxValue)
	}
	dot := newDot()
	known = append(known, dot)
	names, err := call(ctx, s, func(ctx context.Context) ([]string, error) {
		return s.addFields(ctx, s.key(key), fieldsOf(dot, value))
	})
	if err != nil {
		return nil, s.explainSize(ctx, len(value), err)
	}
	if !sameDots(known, names) {
		return nil, nil
	}
	return tokenOf(key, known...), nil
}

// addFields stores the fields of a value, and returns the names of all that there are then,
// in one transaction and one round trip.
func (s *Store) addFields(ctx context.Context, key string, fields []any) (names []string, err error) {
	err = s.resending(ctx, func() error {
		var all *redis.StringSliceCmd
		commands, err := s.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
			tx.HSet(ctx, key, fields...)
			all = tx.HKeys(ctx, key)
			return nil
		})
		if err != nil {
			return reason(commands, err)
		}
		names = all.Val()
		return nil
	})
	return names, err
}

// sameDots reports whether names are those of siblings with these dots, and of no others.
func sameDots(dots, names []string) bool {
	names = slices.DeleteFunc(names, func(name string) bool { return len(name) != dotLen })
	slices.Sort(names)
	return slices.Equal(names, slices.Sorted(slices.Values(dots)))
}
