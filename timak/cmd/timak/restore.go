package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/transfer"
)

func restoreCommand() command {
	return command{
		name: "restore", args: "FILE", about: "carry the timelines of a dump to a store",
		help: `Carries the timelines of a dump to a store. The dump is checked first: unless it is whole,
nothing is written. Timelines are merged with what is there, so a restore takes back
neither newer items nor later removals, and may be run again.
`,
		define: func(flags *flag.FlagSet) action {
			var r restorer
			r.store = storeFlag(flags)
			r.define(flags)
			r.defineMigrate(flags)
			flags.StringVar(&r.after, "after", "", "begin after this `KEY`")
			return r.run
		},
	}
}

// restorer is a restore with its flags.
type restorer struct {
	store *place
	transferFlags
}

func (r *restorer) run(ctx context.Context, sh shell, args []string) error {
	after, err := keyOf(r.after)
	if err != nil {
		return err
	}
	return withFile(args, func(file *os.File) error {
		if err := r.migrateTo(ctx, sh, r.store); err != nil {
			return err
		}
		return withStore(ctx, sh, r.store, true, func(store driver.Store) error {
			return r.carry(sh, "restored", nil, func(opts *transfer.Options) (transfer.Report, error) {
				opts.After = after
				return transfer.Restore(ctx, file, store, opts)
			})
		})
	})
}

// withFile opens the only argument for do.
func withFile(args []string, do func(file *os.File) error) (err error) {
	if len(args) != 1 {
		return usageError(fmt.Sprintf("expected one FILE, got %d arguments", len(args)))
	}
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return do(file)
}

func checkCommand() command {
	return command{
		name: "check", args: "FILE", about: "see if a dump is whole",
		help: `Reads a dump as restore does, and writes nothing.
`,
		define: func(flags *flag.FlagSet) action {
			asJSON := flags.Bool("json", false, "print the result as a JSON object")
			return func(ctx context.Context, sh shell, args []string) error {
				return withFile(args, func(file *os.File) error {
					n, err := transfer.Check(ctx, file)
					if err != nil {
						return err
					}
					if *asJSON {
						return printLines(sh.out, []any{map[string]int{"timelines": n.Timelines}})
					}
					_, err = fmt.Fprintf(sh.out, "the dump is whole, with %s\n", count(n.Timelines, "timeline"))
					return err
				})
			}
		},
	}
}
