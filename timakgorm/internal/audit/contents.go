package audit

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// contents is the opposite direction of a rule: from a key to the rows that make its
// timeline. Rules of several models may make the same key.
type contents struct {
	key   string
	parts []part

	// least and most are the lowest and the highest capacity of the rules that make
	// the key. An item is sure to fit within least, and a write must keep most items.
	least, most int
}

// part is the rows of one table that may be on a key's timeline: those whose columns
// have the values in the key, of which some may not be on it.
type part struct {
	table *dialect.Table
	rules []model.Rule // the rules that make the key
	where []string     // for each rule, the condition of its rows
	args  []any        // the parameters of all conditions
}

// contentsOf returns the contents of a key, without parts if no rule makes it.
func (a *Audit) contentsOf(key string) contents {
	c := contents{key: key}
	for _, t := range a.tables.Sorted() {
		found := part{table: t}
		for _, r := range t.Model.Rules {
			where, args, ok := t.Matching(r.Key, key)
			if !ok {
				continue
			}
			found.rules = append(found.rules, r)
			found.where = append(found.where, where)
			found.args = append(found.args, args...)
			capacity := cmp.Or(r.Max, a.timelines.MaxItems())
			c.least = min(cmp.Or(c.least, capacity), capacity)
			c.most = max(c.most, capacity)
		}
		if found.rules != nil {
			c.parts = append(c.parts, found)
		}
	}
	return c
}

// writerOf returns the engine that writes the key as the relay does.
func (a *Audit) writerOf(c contents) *timak.Timelines { return a.timelines.Bounded(c.most) }

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
			return each(r)
		}
		err := a.rowsOf(ctx, part, c.key, strings.Join(part.where, " OR "), part.args, visit)
		if dialect.Unreadable(err) && !read {
			if part, err = a.readable(ctx, part); err == nil && len(part.where) > 0 {
				err = a.rowsOf(ctx, part, c.key, strings.Join(part.where, " OR "), part.args, visit)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readable returns a part without the conditions whose texts cannot be values of their
// columns, such as foo in an enum: no row meets them, and Postgres returns an error for
// them.
func (a *Audit) readable(ctx context.Context, all part) (part, error) {
	read := part{table: all.table}
	o, err := a.relay.Outbox()
	if err != nil {
		return read, err
	}
	rest := all.args
	for i, where := range all.where {
		n := len(sqltext.SplitMarks(where, false)) - 1
		args := rest[:n]
		rest = rest[n:]
		_, err := o.DB.ExecContext(ctx, a.tables.Dialect.Bind("SELECT 1 FROM "+all.table.SQL.From+" WHERE "+where+" LIMIT 0"), args...)
		switch {
		case dialect.Unreadable(err):
		case err != nil:
			return read, reading(all.table, err)
		default:
			read.rules, read.where, read.args = append(read.rules, all.rules[i]), append(read.where, where), append(read.args, args...)
		}
	}
	return read, nil
}

// rowsOf calls each with every row of a part that meets a condition.
func (a *Audit) rowsOf(ctx context.Context, part part, key, where string, args []any, each func(row) error) error {
	o, err := a.relay.Outbox()
	if err != nil {
		return err
	}
	t := part.table
	return readRows(ctx, o.DB, t, where, args, func(pk string, image *string) error {
		r := row{table: t, key: pk}
		r.places, r.reason = t.Model.PlacesIn(image, key)
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
			for _, part := range a.contentsOf(key).parts {
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
		statement := t.Dialect.Bind("SELECT count(*) FROM " + t.SQL.From + " WHERE " + strings.Join(part.where, " OR "))
		return o.DB.QueryRowContext(ctx, statement, part.args...).Scan(&n)
	}
	if err = count(); dialect.Unreadable(err) {
		if part, err = a.readable(ctx, part); err != nil || len(part.where) == 0 {
			return 0, err
		}
		err = count()
	}
	if err != nil {
		return 0, fmt.Errorf("timakgorm: count rows of %s: %w", t.Model.Table, err)
	}
	return n, nil
}
