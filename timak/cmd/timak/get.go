package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
)

func getCommand() command {
	return command{
		name: "get", args: "KEY", about: "the items of a timeline, or all that is stored of it",
		help: `Prints the items of a timeline, in order: date, id, source, data. Siblings are merged for
that, but nothing is written. An engine shows at most its Options.MaxItems of them.

With -entries, prints what is stored: each sibling with its size, the horizon and the floor
(one that only adds to another is called an addition), each entry (an id with a source) with its version, and the tombstones: removed entries,
items and sources. Dates and versions are in UTC; versions are microseconds since 1970, too.

With -json, prints an object a line: of an item or, with -entries, of what "kind" names. A
text that is not UTF-8 is {"base64": "…"}.
`,
		define: func(flags *flag.FlagSet) action {
			var g getter
			g.store = storeFlag(flags)
			flags.BoolVar(&g.entries, "entries", false, "print all that is stored")
			flags.BoolVar(&g.json, "json", false, "print JSON, an object a line")
			flags.StringVar(&g.order, "order", "newest", "which items come first: newest or oldest, as the engine's Options.Order")
			flags.IntVar(&g.limit, "limit", 0, "print at most so many items; 0 for all")
			return g.run
		},
	}
}

// getter is a get with its flags.
type getter struct {
	store         *place
	entries, json bool
	order         string
	limit         int
}

func (g *getter) run(ctx context.Context, sh shell, args []string) error {
	if len(args) != 1 {
		return usageError(fmt.Sprintf("expected one KEY, got %d arguments", len(args)))
	}
	if g.order != "newest" && g.order != "oldest" || g.limit < 0 {
		return usageError("expected -order newest or oldest, and a -limit of 0 or more")
	}
	key, err := keyOf(args[0])
	if err != nil {
		return err
	}
	if len(key) == 0 || len(key) > timak.MaxKeyLen {
		return usageError(fmt.Sprintf("%v, got %d", timak.ErrKey, len(key)))
	}
	return withStore(ctx, sh, g.store, false, func(store driver.Store) error {
		object, err := store.Get(ctx, key)
		if err != nil {
			return err
		}
		found := look(key, object)
		if len(object.Siblings) == 0 {
			_, _ = fmt.Fprintf(sh.err, "timak: there is nothing under %s\n", shownKey(key))
		}
		return errors.Join(g.print(sh.out, found), found.err())
	})
}

func (g *getter) print(out io.Writer, found found) error {
	switch {
	case g.entries && g.json:
		return printLines(out, found.objects())
	case g.entries:
		return found.print(out)
	case g.json:
		return printLines(out, itemObjects(g.items(found)))
	default:
		return printItems(out, g.items(found))
	}
}

// items returns the items that are to be shown.
func (g *getter) items(found found) []state.Entry {
	order := state.NewestFirst
	if g.order == "oldest" {
		order = state.OldestFirst
	}
	items := found.state.Visible(order)
	if g.limit > 0 && g.limit < len(items) {
		items = items[:g.limit]
	}
	return items
}

func printItems(out io.Writer, items []state.Entry) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i := range items {
		e := &items[i]
		data, err := e.Data.Bytes()
		if err != nil {
			return err
		}
		row := []any{date(e.Date), shown(e.ID), optional(e.Source), optional(string(data))}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", row...); err != nil {
			return err
		}
	}
	return table.Flush()
}

// optional shows a text that may be missing.
func optional(text string) string {
	if text == "" {
		return "-"
	}
	return shown(text)
}

// itemObject is an item in JSON.
type itemObject struct {
	ID     text   `json:"id"`
	At     string `json:"at"`
	Source text   `json:"source,omitempty"`
	Data   text   `json:"data,omitempty"`
}

func itemObjects(items []state.Entry) (all []any) {
	for i := range items {
		all = append(all, itemOf(&items[i]))
	}
	return all
}

// itemOf returns an entry as an item. Data that cannot be read was reported before.
func itemOf(e *state.Entry) itemObject {
	data, _ := e.Data.Bytes()
	return itemObject{ID: text(e.ID), At: date(e.Date), Source: text(e.Source), Data: text(data)}
}

// printLines prints objects as JSON, one a line.
func printLines(out io.Writer, objects []any) error {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, object := range objects {
		if err := lines.Encode(object); err != nil {
			return err
		}
	}
	return nil
}

// withStore opens the store of a flag for do.
func withStore(ctx context.Context, sh shell, p *place, writing bool, do func(store driver.Store) error) (err error) {
	store, err := p.open(ctx, sh, writing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(store)
}
