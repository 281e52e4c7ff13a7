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
Then call timakgorm's Plugin.AcceptStore if its relay is used and one of both is Redis.
Horizons and floors go along: if programs bound the timelines of both stores differently,
the larger ones may lose what the smaller ones have dropped.

The timelines go in the order of their keys. A copy that was stopped says where to go on,
with -after; without that, it begins anew and is right too.
`,
		define: func(flags *flag.FlagSet) action {
			var c copier
			c.from = placeFlag(flags, "from", "TIMAK_FROM", "the source")
			c.to = placeFlag(flags, "to", "TIMAK_TO", "the target")
			c.define(flags)
			c.defineMigrate(flags)
			c.defineAfter(flags)
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
	if err := c.check(); err != nil {
		return err
	}
	// Both flags are read before a store is opened.
	if _, err := c.from.address(sh); err != nil {
		return err
	}
	if err := c.checkTarget(sh, c.to); err != nil {
		return err
	}
	return withStore(ctx, sh, c.from, false, func(from driver.Store) error {
		if _, ok := from.(driver.Lister); !ok {
			return transfer.ErrNotListed // before a target is made
		}
		return c.withTarget(ctx, sh, c.to, func(to driver.Store) error {
			return c.carry(sh, "copied", totalOf(ctx, sh, from, c.after), func(opts *transfer.Options) (transfer.Report, error) {
				return transfer.Copy(ctx, from, to, opts)
			})
		})
	})
}
