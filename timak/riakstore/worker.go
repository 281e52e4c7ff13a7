package riakstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	riak "github.com/basho/riak-go-client"
)

// A worker is a goroutine that sends requests to a node, one after the other, for
// callers that may leave before the answer: the client does not support contexts. A
// new goroutine for each request would have to grow its stack every time, which
// takes as long as a small answer.
type worker struct {
	node  *node
	jobs  chan *job
	timer *time.Timer // of the caller that waits
}

// workers are a node's idle workers. The latest to become idle is taken first: its
// stack has not shrunk yet.
type workers struct {
	mu   sync.Mutex
	idle []*worker
}

// take returns an idle worker, or nil.
func (ws *workers) take() *worker {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	last := len(ws.idle) - 1
	if last < 0 {
		return nil
	}
	w := ws.idle[last]
	ws.idle = ws.idle[:last]
	return w
}

func (ws *workers) put(w *worker) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.idle = append(ws.idle, w)
}

// stop ends all workers; none may have a request.
func (ws *workers) stop() {
	for w := ws.take(); w != nil; w = ws.take() {
		close(w.jobs)
	}
}

// job is one request. When it has ended, its worker is released by the caller, or
// by the worker itself if the caller has left.
type job struct {
	command riak.Command
	answer  chan error
	over    atomic.Bool // answered or left, whichever came first
}

func newWorker(n *node) *worker {
	w := &worker{node: n, jobs: make(chan *job, 1), timer: time.NewTimer(time.Hour)}
	w.timer.Stop()
	go w.work()
	return w
}

func (w *worker) work() {
	for j := range w.jobs {
		err := w.node.execute(j)
		if hung(err) { // a caller that has left does not see it
			w.node.failed(err)
		}
		if j.over.CompareAndSwap(false, true) {
			j.answer <- err
		} else {
			w.node.release(w)
		}
	}
}

// run has the worker send a command, and waits until ctx or the term ends.
func (w *worker) run(ctx context.Context, command riak.Command, t term) error {
	j := &job{command: command, answer: make(chan error, 1)}
	w.jobs <- j
	w.timer.Reset(time.Until(t.until))
	var reason error
	select {
	case err := <-j.answer:
		w.timer.Stop()
		w.node.release(w)
		return err
	case <-ctx.Done():
		w.timer.Stop()
		reason = ended(ctx)
	case <-w.timer.C:
		reason = t.why
	}
	if j.over.CompareAndSwap(false, true) {
		return reason
	}
	err := <-j.answer
	w.node.release(w)
	return err
}

// left reports whether no caller waits for the answer any more.
func (j *job) left() bool { return j.over.Load() }

// errLeft is the result of a request whose caller left before it was sent.
var errLeft = errors.New("no caller waits for the answer")
