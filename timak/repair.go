package timak

import (
	"context"
	"sync"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// repairs holds the keys whose merged value is on its way back to the store.
type repairs struct {
	mu    sync.Mutex
	keys  map[string]bool
	under sync.WaitGroup
}

const (
	// repairsAtOnce is how many keys an engine repairs concurrently. Beyond that, a
	// read leaves the siblings to a later read.
	repairsAtOnce = 16
	// repairTime is how long a repair may take; no caller waits for it.
	repairTime = 30 * time.Second
)

// begin reports whether the caller may repair key.
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

// look is read for readers: if writers have met, it stores the merged value in the
// background.
func (t *Timelines) look(ctx context.Context, key string) (state.State, driver.Object, error) {
	s, object, err := t.read(ctx, key)
	t.tidy(ctx, key, &s, object, err)
	return s, object, err
}

// tidy repairs a key of which s was read with err, unless its siblings are in order.
func (t *Timelines) tidy(ctx context.Context, key string, s *state.State, object driver.Object, err error) {
	if _, ok := pileOf(key, object.Siblings); err == nil && !ok && len(object.Siblings) > 1 {
		t.repair(ctx, key, s, object.Token)
	}
}

// repair stores s, the merge of the siblings that token covers. It neither trims
// nor collects: a reader may have other bounds than the writers.
func (t *Timelines) repair(ctx context.Context, key string, s *state.State, token driver.Token) {
	if !t.repairs.begin(key) {
		return
	}
	s.Fold()
	value, err := wire.Encode(key, s, !t.opts.Uncompressed) // here, as the caller may change the data once it has it
	t.repairs.under.Go(func() {
		defer t.repairs.end(key)
		if err == nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), repairTime)
			defer cancel()
			_, err = t.store.Put(ctx, key, value, token)
		}
		if err != nil {
			t.counters.failedRepairs.Add(1)
			t.opts.Logger.DebugContext(ctx, "timak: siblings were not merged", "key", key, "error", err)
			return
		}
		t.counters.repairs.Add(1)
	})
}
