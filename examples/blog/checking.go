package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/timak-go/timak/examples/blog/internal/inuse"
	"github.com/timak-go/timak/timakgorm"
)

// run compares, and repairs if it is to. If the blog has its timelines elsewhere, a repair
// moves them.
func (c check) run(ctx context.Context, o opened, stderr io.Writer) (timakgorm.Report, error) {
	err := o.begin(ctx)
	if wrong, ok := errors.AsType[*inuse.WrongError](err); ok && wrong.Movable && c.repair {
		return c.move(ctx, o, stderr)
	}
	if err != nil {
		return timakgorm.Report{}, err
	}
	return c.compare(ctx, o, stderr)
}

func (c check) compare(ctx context.Context, o opened, stderr io.Writer) (timakgorm.Report, error) {
	waiting, cancel := context.WithTimeout(ctx, c.drainWait)
	defer cancel()
	if err := o.blog.Drain(waiting); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return timakgorm.Report{From: c.from}, err
	}
	shown := newMeter(stderr)
	report, err := o.blog.Verify(ctx, timakgorm.VerifyOptions{Repair: c.repair, Limit: c.limit, From: c.from, Progress: shown.show})
	shown.end(err == nil)
	return report, err
}

// errRemain is returned if the timelines could not all be made in a store.
var errRemain = errors.New("differences remain")

// move moves the timelines.
func (c check) move(ctx context.Context, o opened, stderr io.Writer) (report timakgorm.Report, err error) {
	place := c.storage.Place(o.kind)
	err = o.use.Move(ctx, c.from != "", func(before bool) (err error) {
		say(stderr, "blog: from now on the timelines are in %s", place)
		report, err = c.fill(ctx, o, before, stderr)
		return err
	})
	if errors.Is(err, errRemain) {
		say(stderr, "blog: not all timelines could be made in %s: put right what is listed, and run this command again", place)
		return report, nil
	}
	return report, err
}

// fill makes all timelines in a store, which may have held some before. It returns errRemain
// if it could not.
func (c check) fill(ctx context.Context, o opened, before bool, stderr io.Writer) (timakgorm.Report, error) {
	if err := c.prepare(ctx, o); err != nil {
		return timakgorm.Report{}, err
	}
	report, err := c.compare(ctx, o, stderr)
	if err == nil && before {
		err = c.clear(ctx, o, &report)
	}
	if report, err = whole(report, err); err != nil {
		return report, err
	}
	return report, c.kept(ctx, o)
}

// whole returns errRemain if a comparison that has come to its end could not make all
// timelines. If one was stopped, and has left some behind that it could not make, the report
// has no From: a run from there would not know of them.
func whole(report timakgorm.Report, err error) (timakgorm.Report, error) {
	if report.Remaining <= report.Unplaceable {
		return report, err
	}
	if err == nil {
		return report, errRemain
	}
	report.From = ""
	return report, err
}

// prepare accepts the store at the beginning. One that was left on the way is accepted
// already: what it lacks now is lost.
func (c check) prepare(ctx context.Context, o opened) error {
	if c.from != "" {
		return nil
	}
	return o.blog.AcceptStore(ctx)
}

// kept returns an error if the store has lost something since it was accepted.
func (c check) kept(ctx context.Context, o opened) error {
	lost, err := o.blog.Lost(ctx)
	if err == nil && lost {
		err = fmt.Errorf("%s has lost timelines meanwhile: run this command again, without -from", c.storage.Place(o.kind))
	}
	return err
}

// clear removes what a store still has on timelines that no row belongs on any more: it has
// held the blog's timelines before, and a comparison finds timelines by their rows.
func (c check) clear(ctx context.Context, o opened, report *timakgorm.Report) error {
	return o.blog.EachKeys(ctx, func(keys []string) error {
		found, err := o.blog.Verify(ctx, timakgorm.VerifyOptions{Repair: true, Limit: c.limit, Keys: keys})
		report.Extra += found.Extra
		report.Remaining += found.Remaining - found.Unplaceable // which were counted
		for _, difference := range found.Differences {
			if difference.Kind == timakgorm.Extra && len(report.Differences) < c.limit {
				report.Differences = append(report.Differences, difference)
			}
		}
		return err
	})
}
