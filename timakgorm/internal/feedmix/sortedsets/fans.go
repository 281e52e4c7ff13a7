package sortedsets

import (
	"context"
	"sync"
	"sync/atomic"
)

// fans are workers that do what is left of changes after their commit. What concerns one
// author is done in order, by one of them.
type fans struct {
	queues  []chan func(ctx context.Context) error
	pending sync.WaitGroup // changes
	running sync.WaitGroup // workers

	failed atomic.Pointer[error] // the first
}

const (
	fanWorkers = 16 // as many as timakgorm.Options.Writers
	fanQueue   = 1 << 16
)

func startFans() *fans {
	f := &fans{}
	for range fanWorkers {
		queue := make(chan func(ctx context.Context) error, fanQueue)
		f.queues = append(f.queues, queue)
		f.running.Go(func() { f.work(queue) })
	}
	return f
}

func (f *fans) work(queue chan func(ctx context.Context) error) {
	for do := range queue {
		if err := do(context.Background()); err != nil {
			f.failed.CompareAndSwap(nil, &err)
		}
		f.pending.Done()
	}
}

// do queues what concerns an author. It waits while the queue is full.
func (f *fans) do(author uint32, what func(ctx context.Context) error) {
	f.pending.Add(1)
	f.queues[author%fanWorkers] <- what
}

// settle waits until all is done, and returns what failed first.
func (f *fans) settle() error {
	f.pending.Wait()
	if err := f.failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (f *fans) close() error {
	err := f.settle()
	for _, queue := range f.queues {
		close(queue)
	}
	f.running.Wait()
	return err
}
