package redisstore

// workers carry out requests on goroutines that are kept: the stack of a new one grows
// several times on its way through go-redis. No request waits for another.
type workers struct {
	jobs  chan func()
	ended chan struct{}
	idle  chan struct{} // holds a value for each that waits for a job
}

// mostIdle is how many workers are kept, 16 KB or less each.
const mostIdle = 32

func newWorkers() *workers {
	return &workers{jobs: make(chan func()), ended: make(chan struct{}), idle: make(chan struct{}, mostIdle)}
}

// run has a job carried out, and returns at once.
func (w *workers) run(job func()) {
	select {
	case w.jobs <- job:
	default:
		go w.work(job)
	}
}

// work carries out a job, and others as long as there are not too many workers.
func (w *workers) work(job func()) {
	for job != nil {
		job()
		job = w.next()
	}
}

// next waits for a job. It returns nil if the worker is not needed.
func (w *workers) next() (job func()) {
	select {
	case w.idle <- struct{}{}:
		defer func() { <-w.idle }()
	default:
		return nil
	}
	select {
	case job = <-w.jobs:
	case <-w.ended:
	}
	return job
}

// end lets the workers go when they have done what they do.
func (w *workers) end() { close(w.ended) }
