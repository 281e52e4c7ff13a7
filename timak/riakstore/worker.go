package riakstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	riak "github.com/basho/riak-go-client"
)

// A worker is a goroutine that sends requests to a node, one after the other,
// each for a caller that need not wait for it: the client knows no contexts. A
// goroutine of its own for each request would have to grow its stack every time,
// which takes as long as a small answer.
type worker struct {
	node  *node
	jobs  chan *job
	timer *time.Timer // of the caller that waits
}

// workers are those of a node that have no request. The one that was there last is
// taken first: its stack has not shrunk yet.
type workers struct {
	mu   sync.Mutex
	idle []*worker
}

// take returns a worker without a request, or nil.
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

// job is one request, and who sees to its worker when it has ended: the caller,
// or the worker itself if the caller has left before.
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
		if hung(err) { // which a caller that has left does not see
			w.node.failed(err)
		}
		if j.over.CompareAndSwap(false, true) {
			j.answer <- err
		} else {
			w.node.release(w)
		}
	}
}

// run has the worker send a command, and waits for as long as ctx and the term
// last.
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

// left reports whether nobody waits for the answer any more.
func (j *job) left() bool { return j.over.Load() }

// errLeft is what comes of a request whose caller has left before it was sent.
var errLeft = errors.New("nobody waits for the answer")
