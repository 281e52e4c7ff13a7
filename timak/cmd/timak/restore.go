package main

import (
	"context"
	"flag"
	"fmt"
	"io"
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
			r.defineAfter(flags)
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
	if err := r.check(); err != nil {
		return err
	}
	if err := r.checkTarget(sh, r.store); err != nil {
		return err
	}
	return withFile(args, func(file *os.File) error {
		if err := checkFirst(ctx, sh, file); err != nil {
			return err
		}
		return r.withTarget(ctx, sh, r.store, func(store driver.Store) error {
			return r.carry(sh, "restored", nil, func(opts *transfer.Options) (transfer.Report, error) {
				return transfer.Restore(ctx, file, store, opts)
			})
		})
	})
}

// checkFirst checks a dump before a target is made for it, and says what it lacks.
func checkFirst(ctx context.Context, sh shell, file *os.File) error {
	dump, err := transfer.Check(ctx, file)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err == nil && dump.Failed > 0 {
		_, _ = fmt.Fprintf(sh.err, "timak: %s were left out when the dump was made\n", count(dump.Failed, "timeline"))
	}
	return err
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
					dump, err := transfer.Check(ctx, file)
					switch {
					case err != nil:
						return err
					case *asJSON:
						return printLines(sh.out, []any{checked{dump.Timelines, dump.Failed}})
					case dump.Failed > 0:
						_, err = fmt.Fprintf(sh.out, "the dump is whole, with %s; %s were left out when it was made\n",
							count(dump.Timelines, "timeline"), count(dump.Failed, "timeline"))
					default:
						_, err = fmt.Fprintf(sh.out, "the dump is whole, with %s\n", count(dump.Timelines, "timeline"))
					}
					return err
				})
			}
		},
	}
}

// checked is the result of a check in JSON.
type checked struct {
	Timelines int `json:"timelines"`
	Failed    int `json:"failed"` // left out when the dump was made
}
