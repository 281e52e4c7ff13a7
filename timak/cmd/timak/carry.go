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
	resumes  bool // it can go on after a key
	after    string
}

func (f *transferFlags) define(flags *flag.FlagSet) {
	flags.IntVar(&f.parallel, "parallel", 16, fmt.Sprintf("carry so many timelines at once, 1 to %d; twice as many may be\nin memory, with up to 64 MiB of data each", transfer.MaxParallel))
	flags.BoolVar(&f.json, "json", false, "print the result as a JSON object; one with an \"error\" if it was stopped")
}

func (f *transferFlags) defineAfter(flags *flag.FlagSet) {
	f.resumes = true
	flags.StringVar(&f.after, "after", "", "begin after this `KEY`")
}

func (f *transferFlags) defineMigrate(flags *flag.FlagSet) {
	flags.BoolVar(&f.migrate, "migrate", false, "first create or update the table of a target in Postgres")
}

// check reads the flags before anything is opened.
func (f *transferFlags) check() (err error) {
	if f.parallel < 1 || f.parallel > transfer.MaxParallel {
		return usageError(fmt.Sprintf("expected -parallel 1 to %d, got %d", transfer.MaxParallel, f.parallel))
	}
	f.after, err = keyOf(f.after)
	return err
}

// checkTarget reads the flags of a target before anything is opened.
func (f *transferFlags) checkTarget(sh shell, to *place) error {
	a, err := to.address(sh)
	if err == nil && f.migrate && a.kind != "postgres" {
		return usageError("-migrate is for a target in Postgres: the others need no table")
	}
	return err
}

// withTarget opens the target for do, and first creates its table, if that is asked for.
// It makes a boltstore that is not there: so it comes last.
func (f *transferFlags) withTarget(ctx context.Context, sh shell, to *place, do func(store driver.Store) error) error {
	a, err := to.address(sh)
	if err == nil && f.migrate {
		err = pgstore.Migrate(ctx, a.dsn(), a.postgres())
	}
	if err != nil {
		return err
	}
	return withStore(ctx, sh, to, true, do)
}

// maxInARow is how many timelines may fail one after the other: then it is not they that
// are at fault.
const maxInARow = 100

// carry does a transfer, and tells of it.
func (f *transferFlags) carry(sh shell, done string, total <-chan int, do func(*transfer.Options) (transfer.Report, error)) error {
	p := newProgress(sh, total)
	p.update(transfer.Report{After: f.after})
	report, err := do(&transfer.Options{
		After:    f.after,
		Parallel: f.parallel,
		Progress: p.update,
		Failed: func(key string, err error) error {
			switch {
			case !aboutKey(err):
				return err
			case p.inARow() == maxInARow:
				return fmt.Errorf("more than %d timelines in a row were not %s: %w", maxInARow, done, err)
			}
			p.say("%s was not %s: %v", shownKey(key), done, err)
			return nil
		},
	})
	p.end()
	switch {
	case err != nil:
		return f.unfinished(sh, p.resume(), err)
	case f.json:
		err = printLines(sh.out, []any{resultOf(report)})
	default:
		_, err = fmt.Fprintf(sh.out, "%s %s: %d of them changed something\n", count(report.Timelines, "timeline"), done, report.Changed)
	}
	if err == nil && report.Failed > 0 {
		err = f.leftOut(report)
	}
	return err
}

// leftOut is the error of a transfer that came to its end without some timelines, which
// were named before.
type leftOut string

func (e leftOut) Error() string { return string(e) }

func (f *transferFlags) leftOut(r transfer.Report) leftOut {
	text := count(r.Failed, "timeline") + " left out, named above: once mended, run it again"
	if f.resumes {
		text += " without -after"
	}
	return leftOut(text)
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
func (f *transferFlags) unfinished(sh shell, r transfer.Report, err error) error {
	if !f.resumes {
		r.After = ""
	}
	var printed error
	if f.json {
		result := resultOf(r)
		result.Error = err.Error()
		printed = printLines(sh.out, []any{result})
	}
	if r.After != "" {
		err = fmt.Errorf("%w; %s done", err, count(r.Timelines, "timeline"))
		if r.Failed > 0 {
			err = fmt.Errorf("%w; %s", err, f.leftOut(r).Error()) // not wrapped: it is not that alone
		}
		err = fmt.Errorf("%w; to go on, run it again with -after %s", err, argument(r.After))
	}
	return errors.Join(err, printed)
}

// result is the report of a transfer in JSON.
type result struct {
	Timelines int    `json:"timelines"`
	Changed   int    `json:"changed"`
	Failed    int    `json:"failed"`
	After     text   `json:"after"`
	Error     string `json:"error,omitempty"` // why it has not come to its end
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
