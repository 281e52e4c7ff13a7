package timakgorm_test

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
)

// faulty is a store in memory that counts its Puts, and whose hooks can be set
// at any time.
type faulty struct {
	*drivertest.Failing

	memory *memstore.Store
	hooks  struct {
		before, after atomic.Pointer[drivertest.Hook]
	}

	mu   sync.Mutex
	puts map[string]int
}

func newFaulty() *faulty {
	f := &faulty{memory: memstore.New(), puts: map[string]int{}}
	f.Failing = drivertest.NewFailing(f.memory)
	f.Before = func(ctx context.Context, call drivertest.Call) error { return runHook(ctx, &f.hooks.before, call) }
	f.After = func(ctx context.Context, call drivertest.Call) error {
		if call.Op == drivertest.Put {
			f.count(call.Key)
		}
		return runHook(ctx, &f.hooks.after, call)
	}
	return f
}

func runHook(ctx context.Context, hook *atomic.Pointer[drivertest.Hook], call drivertest.Call) error {
	if h := hook.Load(); h != nil && *h != nil {
		return (*h)(ctx, call)
	}
	return nil
}

// before and after set the hooks; nil takes them away.
func (f *faulty) before(h drivertest.Hook) { f.hooks.before.Store(&h) }
func (f *faulty) after(h drivertest.Hook)  { f.hooks.after.Store(&h) }

func (f *faulty) count(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.puts[key]++
}

// takePuts returns how many Puts each key has had since it was last called.
func (f *faulty) takePuts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := maps.Clone(f.puts)
	clear(f.puts)
	return taken
}

// failing is a hook that fails the calls on a key, or all for none.
func failing(key string, err error) drivertest.Hook {
	return func(_ context.Context, call drivertest.Call) error {
		if key == "" || call.Key == key {
			return err
		}
		return nil
	}
}

// failingPuts is a hook that fails the Puts on a key, or all for none.
func failingPuts(key string, err error) drivertest.Hook {
	return func(_ context.Context, call drivertest.Call) error {
		if call.Op == drivertest.Put && (key == "" || call.Key == key) {
			return err
		}
		return nil
	}
}
