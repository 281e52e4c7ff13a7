package redisstore

import (
	"sync"
	"time"
)

// A gate counts the calls inside a store, so that Close can wait for them. The zero
// gate is open.
type gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup
}

// enter lets a call in, or returns false once the gate is closed. A call that was
// let in must end with inside.Done.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside.Add(1)
	return true
}

func (g *gate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// close closes the gate to new calls, and waits for those inside as long as
// patience.
func (g *gate) close(patience time.Duration) {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	empty := make(chan struct{})
	go func() { g.inside.Wait(); close(empty) }()
	select {
	case <-empty:
	case <-time.After(patience):
	}
}
