package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// The subcommands that compare timelines with tables.
const (
	verify  = "verify"
	rebuild = "rebuild"
)

// Exit codes of the subcommands.
const (
	exitClean   = 0
	exitDiffers = 1
	exitFailed  = 2
)

// errStopped is reported when the user stopped the command.
var errStopped = errors.New("stopped")

// check is the configuration of verify and rebuild.
type check struct {
	config

	repair bool
	limit  int
	from   string

	drainWait time.Duration // for pending changes in the outbox, before the comparison
}

// runCheck runs a subcommand: it compares, repairs if asked to, and returns the
// exit code.
func runCheck(ctx context.Context, name string, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	c, err := parseCheck(name, args, getenv, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitClean
	case err != nil:
		return exitFailed
	}
	var report timakgorm.Report
	log := slog.New(slog.NewTextHandler(stderr, nil))
	err = c.storage.CheckFolder()
	if err != nil {
		err = fmt.Errorf("found no blog: %w", err)
	} else {
		err = withBlog(ctx, c.config, log, func(o opened) (err error) {
			report, err = c.run(ctx, o, stderr)
			return err
		})
	}
	c.tell(stdout, report, err == nil)
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = errStopped
		}
		say(stderr, "blog %s: %v", name, err)
		if report.From != "" {
			say(stderr, "blog %s: continue with -from %s", name, report.From)
		}
		return exitFailed
	}
	return exitOf(report)
}

// exitOf returns the exit code for a comparison of all timelines. One with nothing but items
// that kept changing cannot tell.
func exitOf(report timakgorm.Report) int {
	switch {
	case report.Remaining > 0:
		return exitDiffers
	case !report.Clean():
		return exitFailed
	default:
		return exitClean
	}
}

func parseCheck(name string, args []string, getenv func(string) string, stdout, stderr io.Writer) (check, error) {
	c := check{config: newConfig(), repair: name == rebuild, drainWait: time.Minute}
	c.mustExist = true
	flags := newFlags("blog " + name)
	all := c.flags(flags)
	if name == verify {
		flags.BoolVar(&c.repair, "repair", false, "repair what differs, as blog rebuild does")
	}
	flags.IntVar(&c.limit, "limit", 100, "list at most `n` differences; below 0 lists none")
	flags.StringVar(&c.from, "from", "", "continue where an earlier run stopped, which printed this `token`")
	err := parse(flags, all, args, getenv, checkUsage, stdout, stderr)
	return c, err
}

func checkUsage(w io.Writer, flags *flag.FlagSet) {
	does := "Compares the timelines with the tables and lists what differs."
	if flags.Name() == "blog "+rebuild {
		does = "Makes the timelines match the tables and lists what differed."
	}
	say(w, "Usage: %s [flags]\n\n%s A blog on SQLite must be stopped first.\n", flags.Name(), does)
	flags.SetOutput(w)
	flags.PrintDefaults()
	say(w, "\nA flag wins over its environment variable.")
	say(w, "Exit codes: %d nothing differs any more, %d something still does (unplaceable rows count), %d the check failed, or cannot tell as rows kept changing.", exitClean, exitDiffers, exitFailed)
}

// tell reports what was found. Unless all is true there may be more.
func (c check) tell(w io.Writer, report timakgorm.Report, all bool) {
	if report.Keys == 0 && !all {
		return
	}
	for _, difference := range report.Differences {
		say(w, "%v", difference)
	}
	if more := report.Found() - len(report.Differences); more > 0 && c.limit >= 0 {
		say(w, "… and %d more", more)
	}
	say(w, "%d timelines, %d rows: %d missing, %d extra, %d misplaced, %d stale, %d damaged, %d unplaceable",
		report.Keys, report.Rows, report.Missing, report.Extra, report.Misplaced, report.Stale, report.Damaged, report.Unplaceable)
	if report.Unplaceable > 0 {
		say(w, "timelines are without unplaceable rows until these are corrected: rebuild changes no rows")
	}
	switch {
	case !all:
		say(w, "not all timelines were checked")
	case report.Found() == 0 && report.Clean():
		say(w, "the timelines match the tables")
	case report.Unsettled > 0:
		say(w, "%d remain, and %d more kept changing", report.Remaining, report.Unsettled)
	case c.repair:
		say(w, "%d remain", report.Remaining)
	}
}
