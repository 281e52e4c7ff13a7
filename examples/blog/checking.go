package main

import (
	"context"
	"errors"
	"io"

	"github.com/timak-go/timak/examples/blog/internal/inuse"
	"github.com/timak-go/timak/timakgorm"
)

// run compares, and repairs if it is to. If the blog has its timelines elsewhere, a repair
// moves them.
func (c check) run(ctx context.Context, o opened, stderr io.Writer) (report timakgorm.Report, err error) {
	err = o.begin(ctx)
	if wrong, ok := errors.AsType[*inuse.WrongError](err); ok && wrong.Movable && c.repair {
		err = o.use.Move(ctx, c.from != "", func(before bool) error {
			say(stderr, "blog: from now on the timelines are in %s", c.storage.Place(o.kind))
			report, err = c.compare(ctx, o, stderr)
			if err == nil && before {
				err = c.clear(ctx, o, &report)
			}
			return err
		})
		return report, err
	}
	if err != nil {
		return report, err
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
