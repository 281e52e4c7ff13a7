// Package gate lets a store's Close wait for the calls inside the store.
package gate

import "sync"

// Gate counts the calls inside a store. The zero Gate is open. Its methods may be
// called from any number of goroutines.
type Gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup
}

// Enter lets a call in, or returns false once the gate is closed. A call that was let
// in must end with Leave.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside.Add(1)
	return true
}

// Leave ends a call that Enter has let in.
func (g *Gate) Leave() { g.inside.Done() }

// Closed reports whether Close has been called.
func (g *Gate) Closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// Close closes the gate to new calls. The channel that it returns is closed when those
// inside have left. Close may be called again.
func (g *Gate) Close() (empty <-chan struct{}) {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	left := make(chan struct{})
	go func() {
		defer close(left)
		g.inside.Wait()
	}()
	return left
}
