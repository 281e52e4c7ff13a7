package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/transfer"
)

// transferFlags are what copies, dumps and restores have in common.
type transferFlags struct {
	parallel int
	json     bool
	migrate  bool
	after    string
}

func (f *transferFlags) define(flags *flag.FlagSet) {
	flags.IntVar(&f.parallel, "parallel", 16, fmt.Sprintf("carry so many timelines at once, 1 to %d", transfer.MaxParallel))
	flags.BoolVar(&f.json, "json", false, "print the result as a JSON object")
}

func (f *transferFlags) defineMigrate(flags *flag.FlagSet) {
	flags.BoolVar(&f.migrate, "migrate", false, "first create or update the table of a target in Postgres")
}

// migrateTo creates the table of the target, if that is asked for.
func (f *transferFlags) migrateTo(ctx context.Context, sh shell, to *place) error {
	a, err := to.address(sh)
	switch {
	case err != nil:
		return err
	case f.parallel < 1 || f.parallel > transfer.MaxParallel:
		return usageError(fmt.Sprintf("expected -parallel 1 to %d, got %d", transfer.MaxParallel, f.parallel))
	case !f.migrate:
		return nil
	case a.kind != "postgres":
		return usageError("-migrate is for a target in Postgres: the others need no table")
	default:
		return pgstore.Migrate(ctx, a.dsn(), a.postgres())
	}
}

// maxInARow is how many timelines may fail one after the other: then it is not they that
// are at fault.
const maxInARow = 100

// carry does a transfer, and tells of it.
func (f *transferFlags) carry(sh shell, done string, total <-chan int, do func(*transfer.Options) (transfer.Report, error)) error {
	p := newProgress(sh, total)
	inARow := 0
	report, err := do(&transfer.Options{
		Parallel: f.parallel,
		Progress: func(r transfer.Report) {
			if r.Timelines > p.latest().Timelines {
				inARow = 0
			}
			p.update(r)
		},
		Failed: func(key string, err error) error {
			if inARow++; !aboutKey(err) || inARow > maxInARow {
				return err
			}
			p.say("%s was not %s: %v", shown(key), done, err)
			return nil
		},
	})
	p.end()
	switch {
	case err != nil:
		return f.unfinished(report, err)
	case f.json:
		err = printLines(sh.out, []any{resultOf(report)})
	default:
		_, err = fmt.Fprintf(sh.out, "%s %s: %d of them changed something\n", count(report.Timelines, "timeline"), done, report.Changed)
	}
	if err == nil && report.Failed > 0 {
		err = fmt.Errorf("%d: %w", report.Failed, errPart)
	}
	return err
}

// aboutKey reports whether an error is about a single timeline.
func aboutKey(err error) bool {
	for _, about := range []error{
		timak.ErrCorrupt, timak.ErrKey, driver.ErrTooLarge,
		boltstore.ErrDamaged, pgstore.ErrDamaged, pgstore.ErrKey, redisstore.ErrNotATimeline,
	} {
		if errors.Is(err, about) {
			return true
		}
	}
	return false
}

// unfinished is the error of a transfer that has not come to its end, with where to go on.
func (f *transferFlags) unfinished(report transfer.Report, err error) error {
	if report.After == "" {
		return err
	}
	return fmt.Errorf("%w; %s done: to go on, run it again with -after %s", err, count(report.Timelines, "timeline"), argument(report.After))
}

// result is the report of a transfer in JSON.
type result struct {
	Timelines int  `json:"timelines"`
	Changed   int  `json:"changed"`
	Failed    int  `json:"failed"`
	After     text `json:"after"`
}

func resultOf(r transfer.Report) result {
	return result{Timelines: r.Timelines, Changed: r.Changed, Failed: r.Failed, After: text(r.After)}
}

// totalOf counts the keys of a store in the background, for a bar on a terminal; nil if
// there is none. It sends nothing if they cannot be counted.
func totalOf(ctx context.Context, sh shell, from driver.Store, after string) <-chan int {
	lister, ok := from.(driver.Lister)
	if !ok || !sh.terminal {
		return nil
	}
	total := make(chan int, 1)
	go func() {
		n := 0
		for _, err := range lister.Keys(ctx, "", after) {
			if err != nil {
				return
			}
			n++
		}
		total <- n
	}()
	return total
}
