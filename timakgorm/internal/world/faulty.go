package world

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
)

// Faulty is a store in memory that counts its Puts, and whose hooks can be set
// at any time.
type Faulty struct {
	*drivertest.Failing

	Memory *memstore.Store
	hooks  struct {
		before, after atomic.Pointer[drivertest.Hook]
	}

	mu   sync.Mutex
	puts map[string]int
}

// NewFaulty returns a store without hooks.
func NewFaulty() *Faulty { return FaultyOver(memstore.New()) }

// FaultyOver returns a store without hooks over a memory that it may share.
func FaultyOver(memory *memstore.Store) *Faulty {
	f := &Faulty{Memory: memory, puts: map[string]int{}}
	f.Failing = drivertest.NewFailing(f.Memory)
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

// SetBefore and SetAfter set the hooks; nil takes them away.
func (f *Faulty) SetBefore(h drivertest.Hook) { f.hooks.before.Store(&h) }

// SetAfter sets the hook that is called after each call; nil takes it away.
func (f *Faulty) SetAfter(h drivertest.Hook) { f.hooks.after.Store(&h) }

func (f *Faulty) count(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.puts[key]++
}

// TakePuts returns how many Puts each key has had since it was last called.
func (f *Faulty) TakePuts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := maps.Clone(f.puts)
	clear(f.puts)
	return taken
}

// Failing is a hook that fails the calls on a key, or all for none.
func Failing(key string, err error) drivertest.Hook {
	return func(_ context.Context, call drivertest.Call) error {
		if key == "" || call.Key == key {
			return err
		}
		return nil
	}
}

// FailingPuts is a hook that fails the Puts on a key, or all for none.
func FailingPuts(key string, err error) drivertest.Hook {
	return func(_ context.Context, call drivertest.Call) error {
		if call.Op == drivertest.Put && (key == "" || call.Key == key) {
			return err
		}
		return nil
	}
}
