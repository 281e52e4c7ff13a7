package drivertest_test

import (
	"context"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
)

// A brokenAdder adds wrongly, and is a correct store otherwise.
type brokenAdder struct {
	memstore.Adder
	add func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error)
}

func (b *brokenAdder) Add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	return b.add(ctx, key, value, token)
}

// brokenAdders each break one sentence of driver.Adder.
func brokenAdders() map[string]brokenStore {
	type add = func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error)
	adder := func(broken func(s memstore.Adder) add) func() driver.Store {
		return func() driver.Store {
			s := memstore.NewAdder()
			return &brokenAdder{s, broken(s)}
		}
	}
	return map[string]brokenStore{
		"adding replaces": {adder(func(s memstore.Adder) add { return s.Put }), []string{"AddReplacesNothing", "AdditionsAgreeWithModel"}},
		"adding stores nothing": {adder(func(memstore.Adder) add {
			return func(context.Context, string, []byte, driver.Token) (driver.Token, error) { return nil, nil }
		}), []string{"AddReplacesNothing", "WritersThatAdd"}},
		"adding proves nothing": {adder(func(s memstore.Adder) add {
			return func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
				if _, err := s.Add(ctx, key, value, token); err != nil {
					return nil, err
				}
				obj, err := s.Get(ctx, key)
				return obj.Token, err
			}
		}), []string{"AddTokenIsNilBesideOthers", "AddTokenIsNilWithoutWhatItCovers", "AdditionsAgreeWithModel"}},
		"the token covers nothing": {adder(func(s memstore.Adder) add {
			return func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
				got, err := s.Add(ctx, key, value, token)
				if got != nil {
					got = token
				}
				return got, err
			}
		}), []string{"AddTokenCoversAll", "AdditionsAgreeWithModel"}},
		"any token": {adder(func(s memstore.Adder) add {
			return func(ctx context.Context, key string, value []byte, _ driver.Token) (driver.Token, error) {
				return s.Add(ctx, key, value, nil)
			}
		}), []string{"AddForeignToken"}},
		"adding for the ended": {adder(func(s memstore.Adder) add {
			return func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
				return s.Add(context.WithoutCancel(ctx), key, value, token)
			}
		}), []string{"AddRefusesEndedContext"}},
		"adding when closed": {adder(func(s memstore.Adder) add {
			return func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
				got, err := s.Add(ctx, key, value, token)
				if err != nil && ctx.Err() == nil {
					return nil, nil
				}
				return got, err
			}
		}), []string{"ClosedStoreRefusesAdd"}},
		"an older token covers what was added": {adder(func(s memstore.Adder) add {
			return func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
				obj, err := s.Get(ctx, key)
				if err != nil || len(obj.Siblings) != 1 {
					return s.Add(ctx, key, value, token)
				}
				_, err = s.Put(ctx, key, append(append([]byte(nil), obj.Siblings[0]...), value...), obj.Token)
				return nil, err
			}
		}), []string{"AddedStaysWithoutItsToken"}},
	}
}
