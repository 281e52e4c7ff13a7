package riakstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

var errCause = errors.New("a cause of the caller's")

// endings are contexts that end, and the errors they end with.
var endings = []struct {
	name string
	end  func(context.Context) (context.Context, context.CancelFunc)
	err  error
	why  error
}{
	{"cancel", func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(soon, cancel)
		return ctx, cancel
	}, context.Canceled, context.Canceled},
	{"cancel with a cause", func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(soon, func() { cancel(errCause) })
		return ctx, func() { cancel(nil) }
	}, context.Canceled, errCause},
	{"timeout", func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, soon)
	}, context.DeadlineExceeded, context.DeadlineExceeded},
	{"timeout with a cause", func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeoutCause(ctx, soon, errCause)
	}, context.DeadlineExceeded, errCause},
}

const soon = 30 * time.Millisecond

// TestContexts: a caller whose context ends gets that context's error and cause:
// during a request that hangs, during Open, and before.
func TestContexts(t *testing.T) {
	t.Parallel()
	for _, ending := range endings {
		t.Run(ending.name, func(t *testing.T) {
			t.Parallel()
			cluster := riaktest.Start(t, nil)
			store := open(t, cluster.Addresses(), quick())
			cluster.Inject(riaktest.Match{}, riaktest.Hang())
			check := func(call string, err error) {
				if !errors.Is(err, ending.err) || !errors.Is(err, ending.why) || errors.Is(err, driver.ErrUnavailable) {
					t.Errorf("%s: got %v, want %v and %v", call, err, ending.err, ending.why)
				}
			}
			calls := map[string]func(context.Context) error{
				"Get": func(ctx context.Context) error { _, err := store.Get(ctx, "k"); return err },
				"Put": func(ctx context.Context) error { _, err := store.Put(ctx, "k", []byte("v"), nil); return err },
				"Open": func(ctx context.Context) error {
					start := time.Now()
					_, err := riakstore.OpenContext(ctx, cluster.Addresses(), nil)
					if took := time.Since(start); took > time.Second { // requests that hang last two seconds
						t.Errorf("Open took %v", took)
					}
					return err
				},
			}
			for name, call := range calls {
				ctx, cancel := ending.end(t.Context())
				defer cancel()
				within(t, 3*time.Second, func() {
					check(name, call(ctx))
					check(name+" again", call(ctx))
				})
			}
		})
	}
}

// TestTimeLimitsAreNotContexts: what ends because of the store's own limits is not
// an error of the caller's context.
func TestTimeLimitsAreNotContexts(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, err error) {
		t.Helper()
		if !errors.Is(err, driver.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want only ErrUnavailable", err)
		}
	}
	for name, requestTimeout := range map[string]time.Duration{"retry time": time.Minute, "request timeout": 50 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := riaktest.Start(t, nil)
			opts := quick()
			opts.RequestTimeout, opts.RetryTime = requestTimeout, 200*time.Millisecond
			store := open(t, cluster.Addresses(), opts)
			hang := cluster.Inject(riaktest.Match{}, riaktest.Hang())
			defer hang.Remove()
			within(t, 2*time.Second, func() {
				_, err := store.Get(t.Context(), "k")
				check(t, err)
				_, err = store.Put(t.Context(), "k", []byte("v"), nil)
				check(t, err)
			})
		})
	}
	t.Run("connect timeout", func(t *testing.T) {
		t.Parallel()
		cluster := riaktest.Start(t, nil)
		within(t, 2*time.Second, func() {
			_, err := riakstore.Open(cluster.Addresses(), &riakstore.Options{ConnectTimeout: time.Nanosecond, RetryTime: 100 * time.Millisecond})
			check(t, err)
		})
	})
}

// TestImpatientCallers: a caller that did not wait says nothing about the node.
func TestImpatientCallers(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	opts, log := quick(), newLog()
	opts.Logger = log.logger()
	store := open(t, cluster.Addresses(), opts)
	hang := cluster.Inject(riaktest.Match{}, riaktest.Hang())
	together(20, func(int) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := store.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
	hang.Remove()
	if text := log.text(); text != "" {
		t.Errorf("a node was called failing:\n%s", text)
	}
}
