package transfer

import (
	"context"
	"errors"
	"iter"
)

// A job is the work on one timeline.
type job struct {
	key string

	// work runs beside that of other jobs, and reports whether it has changed anything.
	work func(ctx context.Context) (changed bool, err error)

	// finish runs after the work, in the order of the jobs; nil if there is nothing to
	// finish. Its error ends everything.
	finish func() error
}

// running is a job whose work has begun.
type running struct {
	job
	done    chan struct{}
	changed bool
	err     error
	broken  bool // err is not about this job: there are no jobs after it
}

// run does jobs, so many at a time, and reports them in their order.
func (o Options) run(ctx context.Context, jobs iter.Seq2[job, error]) (Report, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	started, all := o.start(ctx, jobs)
	report := Report{After: o.After}
	var failure error
	for r := range started {
		<-r.done
		if failure != nil {
			continue // the goroutines that start and work must end
		}
		if failure = o.end(ctx, r, &report); failure != nil {
			stop(failure)
		}
	}
	if failure == nil && !<-all {
		failure = context.Cause(ctx)
	}
	return report, failure
}

// start begins jobs, until ctx ends. all then tells if these were all jobs.
func (o Options) start(ctx context.Context, jobs iter.Seq2[job, error]) (started <-chan *running, all <-chan bool) {
	queue, complete := make(chan *running, o.Parallel), make(chan bool, 1)
	slots := make(chan struct{}, o.Parallel)
	go func() {
		defer close(queue)
		for j, err := range jobs {
			r := &running{job: j, done: make(chan struct{}), err: err, broken: err != nil}
			if r.broken {
				close(r.done)
				queue <- r
				break
			}
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				complete <- false
				return
			}
			queue <- r
			go func() {
				defer func() { close(r.done); <-slots }()
				r.changed, r.err = r.work(ctx)
			}()
		}
		complete <- true
	}()
	return queue, complete
}

// end notes the end of a job in the report. It returns an error that ends all jobs.
func (o Options) end(ctx context.Context, r *running, report *Report) error {
	if r.err == nil && r.finish != nil {
		r.err, r.broken = r.finish(), true
	}
	switch {
	case r.err == nil:
		report.Timelines++
		if r.changed {
			report.Changed++
		}
	case ctx.Err() != nil && errors.Is(r.err, ctx.Err()):
		return context.Cause(ctx)
	case r.broken:
		return r.err
	default:
		if err := o.Failed(r.key, r.err); err != nil {
			return err
		}
		report.Failed++
	}
	report.After = r.key
	o.Progress(*report)
	return nil
}
