package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/transfer"
)

func keysCommand() command {
	return command{
		name: "keys", args: "[PREFIX]", about: "the keys of a store",
		help: `Prints the keys that begin with PREFIX, or all, in the order of their bytes. Riak cannot
list its keys. Redis lists them by reading the names of all keys of the server.

With -json, prints an object {"key": "…"} a line.
`,
		define: func(flags *flag.FlagSet) action {
			var l lister
			l.store = storeFlag(flags)
			flags.StringVar(&l.after, "after", "", "print only keys after this `KEY`")
			flags.IntVar(&l.limit, "limit", 0, "print at most so many; 0 for all")
			flags.BoolVar(&l.json, "json", false, "print JSON, an object a line")
			return l.run
		},
	}
}

// lister is a listing with its flags.
type lister struct {
	store *place
	after string
	limit int
	json  bool
}

func (l *lister) run(ctx context.Context, sh shell, args []string) error {
	if len(args) > 1 || l.limit < 0 {
		return usageError("expected one PREFIX or none, and a -limit of 0 or more")
	}
	prefix := ""
	after, err := keyOf(l.after)
	if err == nil && len(args) == 1 {
		prefix, err = keyOf(args[0])
	}
	if err != nil {
		return err
	}
	return withStore(ctx, sh, l.store, false, func(store driver.Store) error {
		lister, ok := store.(driver.Lister)
		if !ok {
			return transfer.ErrNotListed
		}
		out := bufio.NewWriter(sh.out)
		return errors.Join(l.print(ctx, out, lister, prefix, after), out.Flush())
	})
}

func (l *lister) print(ctx context.Context, out *bufio.Writer, store driver.Lister, prefix, after string) error {
	lines, n := json.NewEncoder(out), 0
	lines.SetEscapeHTML(false)
	for key, err := range store.Keys(ctx, prefix, after) {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil && l.json {
			err = lines.Encode(map[string]text{"key": text(key)})
		} else if err == nil {
			_, err = fmt.Fprintln(out, shownKey(key))
		}
		if err != nil {
			return err
		}
		if n++; n == l.limit {
			return nil
		}
	}
	return nil
}
