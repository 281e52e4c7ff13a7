package timak

import (
	"context"
	"sync"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// repairs are the keys whose merged value is on its way back to the store.
type repairs struct {
	mu    sync.Mutex
	keys  map[string]bool
	under sync.WaitGroup
}

const (
	// repairsAtOnce is how many keys an engine repairs side by side. A read that
	// finds no room leaves the siblings to a later one.
	repairsAtOnce = 16
	// repairTime is how long a repair may take; nobody waits for it.
	repairTime = 30 * time.Second
)

// begin reports whether key is the caller's to repair.
func (r *repairs) begin(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys[key] || len(r.keys) == repairsAtOnce {
		return false
	}
	if r.keys == nil {
		r.keys = make(map[string]bool, repairsAtOnce)
	}
	r.keys[key] = true
	return true
}

func (r *repairs) end(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.keys, key)
}

// look is read for a reader: if it met several siblings, the merged value goes
// back to the store, behind the reader's back.
func (t *Timelines) look(ctx context.Context, key string) (state.State, driver.Object, error) {
	s, object, err := t.read(ctx, key)
	if err == nil && len(object.Siblings) > 1 {
		t.repair(ctx, key, &s, object.Token)
	}
	return s, object, err
}

// repair stores s, which is what the siblings that token saw say together. It is
// neither trimmed nor collected: a reader may have other bounds than the writers.
func (t *Timelines) repair(ctx context.Context, key string, s *state.State, token driver.Token) {
	if !t.repairs.begin(key) {
		return
	}
	value, err := wire.Encode(key, s, !t.opts.Uncompressed) // now: the reader owns the data as soon as it has it
	t.repairs.under.Go(func() {
		defer t.repairs.end(key)
		if err == nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), repairTime)
			defer cancel()
			_, err = t.store.Put(ctx, key, value, token)
		}
		if err != nil {
			t.counters.failedRepairs.Add(1)
			t.opts.Logger.DebugContext(ctx, "timak: siblings stay as they are", "key", key, "error", err)
			return
		}
		t.counters.repairs.Add(1)
	})
}
