package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/transfer"
)

func dumpCommand() command {
	return command{
		name: "dump", args: "FILE", about: "write all timelines of a store to a file",
		help: `Writes all timelines of a store to a file, which restore brings to any store. The file is
written under another name, FILE with .part and something, and gets its own once it is
whole and on disk. A dump that was stopped begins anew.
`,
		define: func(flags *flag.FlagSet) action {
			var d dumper
			d.store = storeFlag(flags)
			d.define(flags)
			flags.BoolVar(&d.force, "force", false, "replace FILE if it exists")
			return d.run
		},
	}
}

// dumper is a dump with its flags.
type dumper struct {
	store *place
	force bool
	transferFlags
}

func (d *dumper) run(ctx context.Context, sh shell, args []string) error {
	if len(args) != 1 {
		return usageError(fmt.Sprintf("expected one FILE, got %d arguments", len(args)))
	}
	if d.parallel < 1 || d.parallel > transfer.MaxParallel {
		return usageError(fmt.Sprintf("expected -parallel 1 to %d, got %d", transfer.MaxParallel, d.parallel))
	}
	path := args[0]
	if _, err := os.Lstat(path); !d.force && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%q exists: choose another name, or replace it with -force", path), err)
	}
	return withStore(ctx, sh, d.store, false, func(store driver.Store) error {
		return writeFile(path, func(file *os.File) error {
			return d.carry(sh, "dumped", totalOf(ctx, sh, store, ""), func(opts *transfer.Options) (transfer.Report, error) {
				report, err := transfer.Dump(ctx, store, file, opts)
				if err != nil {
					report.After = "" // there is no going on
				}
				return report, err
			})
		})
	})
}
