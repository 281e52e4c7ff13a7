// Package gather has one read serve all who ask for the same at the same time.
package gather

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// Reads are reads of values by keys. The zero Reads are ready for use, by any number of
// goroutines.
//
// Whoever asks gets what a read returns that began after that: never what was true before.
// While a read of a key runs, all who ask for the key wait for the next one.
type Reads[K comparable, V any] struct {
	mu   sync.Mutex
	keys map[K]*turns[V]
}

// turns are the reads of one key: one runs, and the next waits if somebody asked for it.
type turns[V any] struct{ next *turn[V] }

// turn is a read.
type turn[V any] struct {
	read    func(context.Context) (V, error) // of the first who asked for it
	ctx     context.Context                  //nolint:containedctx // of the same, without its end
	cancel  context.CancelFunc               // of ctx
	waiting int                              // how many wait for it; guarded by Reads.mu
	done    chan struct{}
	value   V
	err     error
}

// Get returns what read returns for the key, or the error of ctx when it ends first. The
// context of read ends when all who have asked for it are gone.
func (r *Reads[K, V]) Get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	t := r.join(ctx, key, read)
	select {
	case <-t.done:
		return t.value, t.err
	case <-ctx.Done():
		r.leave(key, t)
		var none V
		return none, ctx.Err()
	}
}

// join returns the turn that has not begun yet, for one more to wait for.
func (r *Reads[K, V]) join(ctx context.Context, key K, read func(context.Context) (V, error)) *turn[V] {
	r.mu.Lock()
	defer r.mu.Unlock()
	of, running := r.keys[key]
	if running && of.next != nil {
		of.next.waiting++
		return of.next
	}
	t := &turn[V]{read: read, waiting: 1, done: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if running {
		of.next = t
		return t
	}
	if r.keys == nil {
		r.keys = map[K]*turns[V]{}
	}
	r.keys[key] = &turns[V]{}
	go r.run(key, t)
	return t
}

// leave gives a turn up for one who has waited for it. One that nobody waits for any more is
// cancelled if it runs, and does not begin if it does not.
func (r *Reads[K, V]) leave(key K, t *turn[V]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.waiting--; t.waiting > 0 {
		return
	}
	t.cancel()
	if of := r.keys[key]; of != nil && of.next == t {
		of.next = nil
	}
}

// run runs a turn, and then those that were asked for meanwhile.
func (r *Reads[K, V]) run(key K, t *turn[V]) {
	for ; t != nil; t = r.following(key) {
		t.run()
	}
}

// run reads. A panic is an error to all who wait, as it would be in their own goroutines.
func (t *turn[V]) run() {
	defer close(t.done)
	defer t.cancel()
	defer func() {
		if r := recover(); r != nil {
			t.err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	t.value, t.err = t.read(t.ctx)
}

// following returns the next turn of a key, or nil if nobody waits.
func (r *Reads[K, V]) following(key K) *turn[V] {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.keys[key].next
	if t == nil {
		delete(r.keys, key)
		return nil
	}
	r.keys[key].next = nil
	return t
}
