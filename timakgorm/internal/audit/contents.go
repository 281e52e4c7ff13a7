package audit

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// contents is the opposite direction of the rules: from a key to the rows that make its
// timeline. Rules of several models may make the same key, and it may subscribe to
// sources.
type contents struct {
	key   string
	parts []part
	feed  map[audience.Source]audience.Row // what it subscribed to when it was looked at

	// least and most are the lowest and the highest capacity of the rules that make
	// the key; 0 if none does. An item is sure to fit within least, and a write must keep
	// most items.
	least, most int

	// refill says that rows below the timeline's floor are wanted there if there is room.
	// A timeline without them is right, as those who read on find them in the tables.
	refill bool

	// some says that a subscription brings only some of the items for which there is room.
	some bool
}

// part is the rows of one table that may be on a key's timeline: those that meet one of
// its conditions, of which some may not be on it.
type part struct {
	table      *dialect.Table
	conditions []condition
	sources    map[audience.Source]bool // of the conditions; nil: rules that name the key
}

// condition is that of the rows which a rule may put on the timeline.
type condition struct {
	rule  model.Rule
	where string
	args  []any

	source string // that the rule publishes
}

// contentsOf returns the contents of a key.
func (a *Audit) contentsOf(ctx context.Context, key string) (c contents, err error) {
	c.key = key
	for _, t := range a.tables.Sorted() {
		found := part{table: t}
		for _, r := range t.Model.Rules {
			where, args, ok := t.Matching(r.Key, key)
			if !ok {
				continue
			}
			found.conditions = append(found.conditions, condition{rule: r, where: where, args: args})
			c.hold(cmp.Or(r.Max, a.timelines.MaxItems()))
		}
		if found.conditions != nil {
			c.parts = append(c.parts, found)
		}
	}
	return c, a.subscribe(ctx, &c)
}

// hold notes a capacity that a rule gives the timeline.
func (c *contents) hold(capacity int) {
	c.least = min(cmp.Or(c.least, capacity), capacity)
	c.most = max(c.most, capacity)
}

// writerOf returns the engine that writes the key as the relay does.
func (a *Audit) writerOf(c contents) *timak.Timelines { return a.timelines.Bounded(c.most) }

// places returns what an image puts on the timeline.
func (c contents) places(t *dialect.Table, image *string) (places []model.Placement, reason error) {
	places, reason = t.Model.PlacesIn(image, c.key)
	if c.feed == nil {
		return places, reason
	}
	published, failure := t.Model.PublishedTo(image, c.key, c.subscribes)
	for _, at := range published {
		if !slices.ContainsFunc(places, func(p model.Placement) bool { return p.Place() == at.Place() }) {
			places = append(places, at)
		}
	}
	return places, cmp.Or(reason, failure)
}

// row is a row of a table as it may be on timelines.
type row struct {
	table  *dialect.Table
	key    string // the primary key as a JSON object
	places []model.Placement
	reason error // why a rule that applies to the row cannot place it; nil if none
}

// rows calls each with every row that may be on the key's timeline. A row that is not
// on it has no places. The tables are read one after another, not at one moment.
func (a *Audit) rows(ctx context.Context, c contents, each func(row) error) error {
	for _, part := range c.parts {
		read := false
		visit := func(r row) error {
			read = true
			if len(r.places) > 0 && !part.has(r.places[0]) {
				return nil // it meets a condition of that part, too
			}
			return each(r)
		}
		where, args := part.condition()
		err := a.rowsOf(ctx, c, part.table, where, args, visit)
		if dialect.Unreadable(err) && !read {
			if part, err = a.readable(ctx, part); err == nil && len(part.conditions) > 0 {
				where, args = part.condition()
				err = a.rowsOf(ctx, c, part.table, where, args, visit)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// condition returns the condition of the rows of a part, and its parameters.
func (p part) condition() (where string, args []any) {
	var each []string
	for _, one := range p.conditions {
		each = append(each, one.where)
		args = append(args, one.args...)
	}
	return strings.Join(each, " OR "), args
}

// has reports whether a place is by a rule of the part.
func (p part) has(at model.Placement) bool {
	if at.Audience == "" {
		return p.sources == nil
	}
	return p.sources[audience.Source{Audience: at.Audience, Text: at.Item.Source}]
}

// readable returns a part without the conditions whose texts cannot be values of their
// columns, such as foo in an enum: no row meets them, and Postgres returns an error for
// them.
func (a *Audit) readable(ctx context.Context, all part) (part, error) {
	read := part{table: all.table, sources: all.sources}
	o, err := a.relay.Outbox()
	if err != nil {
		return read, err
	}
	for _, one := range all.conditions {
		_, err := o.DB.ExecContext(ctx, a.tables.Dialect.Bind("SELECT 1 FROM "+all.table.SQL.From+" WHERE "+one.where+" LIMIT 0"), one.args...)
		switch {
		case dialect.Unreadable(err):
		case err != nil:
			return read, reading(all.table, err)
		default:
			read.conditions = append(read.conditions, one)
		}
	}
	return read, nil
}

// rowsOf calls each with every row of a table that meets a condition.
func (a *Audit) rowsOf(ctx context.Context, c contents, t *dialect.Table, where string, args []any, each func(row) error) error {
	o, err := a.relay.Outbox()
	if err != nil {
		return err
	}
	return readRows(ctx, o.DB, t, where, args, func(pk string, image *string) error {
		r := row{table: t, key: pk}
		r.places, r.reason = c.places(t, image)
		return each(r)
	})
}

// reading names the table that could not be read; nil for no error.
func reading(t *dialect.Table, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("timakgorm: read %s: %w", t.Model.Table, err)
}

// readRows calls each with every row that meets a condition: its primary key, as a
// JSON object, and its image.
func readRows(ctx context.Context, db *sql.DB, t *dialect.Table, where string, args []any, each func(pk string, image *string) error) error {
	columns := fmt.Sprintf(t.Dialect.Text+", "+t.Dialect.Text, t.SQL.AnyKey, t.SQL.AnyImage)
	query := t.Dialect.Bind("SELECT " + columns + " FROM " + t.SQL.From + " WHERE " + where)
	return reading(t, dialect.EachRow(ctx, db, query, args, func(found *sql.Rows) error {
		var pk string
		var image *string
		if err := found.Scan(&pk, &image); err != nil {
			return err
		}
		return each(pk, image)
	}))
}

// countRows returns how many rows may be on the timelines of some keys.
func (a *Audit) countRows(ctx context.Context, keys []string) (int64, error) {
	var all atomic.Int64
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(atOnce)
	for _, key := range keys {
		workers.Go(func() error {
			c, err := a.contentsOf(ctx, key)
			if err != nil {
				return err
			}
			for _, part := range c.parts {
				n, err := a.countOf(ctx, part)
				if err != nil {
					return err
				}
				all.Add(n)
			}
			return nil
		})
	}
	err := workers.Wait()
	return all.Load(), err
}

func (a *Audit) countOf(ctx context.Context, part part) (n int64, err error) {
	o, err := a.relay.Outbox()
	if err != nil {
		return 0, err
	}
	t := part.table
	count := func() error {
		where, args := part.condition()
		statement := t.Dialect.Bind("SELECT count(*) FROM " + t.SQL.From + " WHERE " + where)
		return o.DB.QueryRowContext(ctx, statement, args...).Scan(&n)
	}
	if err = count(); dialect.Unreadable(err) {
		if part, err = a.readable(ctx, part); err != nil || len(part.conditions) == 0 {
			return 0, err
		}
		err = count()
	}
	if err != nil {
		return 0, fmt.Errorf("timakgorm: count rows of %s: %w", t.Model.Table, err)
	}
	return n, nil
}
