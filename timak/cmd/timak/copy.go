package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/transfer"
)

func copyCommand() command {
	return command{
		name: "copy", args: "", about: "carry all timelines of a store to another",
		help: `Carries all timelines of a store to another, with tombstones, floors and what readers have
seen. Values are merged with what is there, never overwritten: both stores may be in use
meanwhile, and a copy may be run again at any time, even after a kill -9. What the target
says already is left as it is.

What is written to the source after its timeline was copied needs another copy. So copy,
let the programs use the new store, and copy again once none uses the old one any more.

The timelines go in the order of their keys. A copy that was stopped says where to go on,
with -after; without that, it begins anew and is right too.
`,
		define: func(flags *flag.FlagSet) action {
			var c copier
			c.from = placeFlag(flags, "from", "TIMAK_FROM", "the source")
			c.to = placeFlag(flags, "to", "TIMAK_TO", "the target")
			c.define(flags)
			c.defineMigrate(flags)
			flags.StringVar(&c.after, "after", "", "begin after this `KEY`")
			return c.run
		},
	}
}

// copier is a copy with its flags.
type copier struct {
	from, to *place
	transferFlags
}

func (c *copier) run(ctx context.Context, sh shell, args []string) error {
	if len(args) > 0 {
		return usageError(fmt.Sprintf("expected no arguments, got %d", len(args)))
	}
	after, err := keyOf(c.after)
	if err != nil {
		return err
	}
	// Both flags are read before a store is opened.
	if _, err := c.from.address(sh); err != nil {
		return err
	}
	if err := c.migrateTo(ctx, sh, c.to); err != nil {
		return err
	}
	return withStore(ctx, sh, c.from, false, func(from driver.Store) error {
		return withStore(ctx, sh, c.to, true, func(to driver.Store) error {
			return c.carry(sh, "copied", totalOf(ctx, sh, from, after), func(opts *transfer.Options) (transfer.Report, error) {
				opts.After = after
				return transfer.Copy(ctx, from, to, opts)
			})
		})
	})
}
