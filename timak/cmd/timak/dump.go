package main

import (
	"context"
	"flag"
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
	path, err := fileOf(args)
	if err == nil {
		err = d.check()
	}
	if err == nil {
		err = mayWrite(path, d.force)
	}
	if err != nil {
		return err
	}
	return withStore(ctx, sh, d.store, false, func(store driver.Store) error {
		return writeFile(path, d.force, func(file *os.File) error {
			return d.carry(sh, "dumped", totalOf(ctx, sh, store, ""), func(opts *transfer.Options) (transfer.Report, error) {
				return transfer.Dump(ctx, store, file, opts)
			})
		})
	})
}
