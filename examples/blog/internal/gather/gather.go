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
	read  func(context.Context) (V, error) // of the first who asked for it
	ctx   context.Context                  //nolint:containedctx // of the same, without its end
	done  chan struct{}
	value V
	err   error
}

// Get returns what read returns for the key, or the error of ctx when it ends first. The
// context of read does not end with that: others may wait for it.
func (r *Reads[K, V]) Get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	t := r.join(ctx, key, read)
	select {
	case <-t.done:
		return t.value, t.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// join returns the turn that has not begun yet.
func (r *Reads[K, V]) join(ctx context.Context, key K, read func(context.Context) (V, error)) *turn[V] {
	r.mu.Lock()
	defer r.mu.Unlock()
	of, running := r.keys[key]
	if running && of.next != nil {
		return of.next
	}
	t := &turn[V]{read: read, ctx: context.WithoutCancel(ctx), done: make(chan struct{})}
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

// run runs a turn, and then those that were asked for meanwhile.
func (r *Reads[K, V]) run(key K, t *turn[V]) {
	for ; t != nil; t = r.following(key) {
		t.run()
	}
}

// run reads. A panic is an error to all who wait, as it would be in their own goroutines.
func (t *turn[V]) run() {
	defer close(t.done)
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
