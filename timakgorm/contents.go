package timakgorm

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
)

// contents is the other direction of key templates: what tables say about one
// key. The rules of several models may make it, and each of them fills it.
type contents struct {
	key   string
	parts []part

	// least and most are the capacities of the rules that make the key: an item
	// has a place for sure within the least, and writing must leave the most.
	least, most int
}

// part is the rows of one table that may be on a key's timeline, and maybe some
// more: those whose columns have the values that the key says.
type part struct {
	table *table
	rules []rule // that make the key
	where []string
	args  []any
}

// contentsOf returns what makes a key; there is no part if nothing does.
func (p *Plugin) contentsOf(key string) contents {
	c := contents{key: key}
	for _, t := range p.sortedTables() {
		found := part{table: t}
		for _, r := range t.model.rules {
			where, args, ok := t.matching(r.key, key)
			if !ok {
				continue
			}
			found.rules = append(found.rules, r)
			found.where = append(found.where, where)
			found.args = append(found.args, args...)
			capacity := cmp.Or(r.max, p.timelines.MaxItems())
			c.least = min(cmp.Or(c.least, capacity), capacity)
			c.most = max(c.most, capacity)
		}
		if found.rules != nil {
			c.parts = append(c.parts, found)
		}
	}
	return c
}

func (p *Plugin) sortedTables() []*table {
	var tables []*table
	for _, name := range slices.Sorted(maps.Keys(p.tables)) {
		tables = append(tables, p.tables[name])
	}
	return tables
}

// timelines returns the engine that writes the key as the relay does.
func (p *Plugin) writerOf(c contents) *timak.Timelines { return p.timelines.Bounded(c.most) }

// row is a row of a table as it may be on timelines.
type row struct {
	table  *table
	key    string // the primary key as a JSON object
	places []placement
	reason error // why a rule cannot place it there, though it wants to
}

// rows calls each with every row that may be on the key's timeline, one after
// the other; those that are not have no places there. Rows of several tables are not of one moment.
func (p *Plugin) rows(ctx context.Context, c contents, each func(row) error) error {
	for _, part := range c.parts {
		read := false
		visit := func(r row) error {
			read = true
			return each(r)
		}
		err := p.rowsOf(ctx, part, c.key, strings.Join(part.where, " OR "), part.args, visit)
		if unreadable(err) && !read {
			if part, err = p.readable(ctx, part); err == nil && len(part.where) > 0 {
				err = p.rowsOf(ctx, part, c.key, strings.Join(part.where, " OR "), part.args, visit)
			}
		}
		if err != nil {
			return fmt.Errorf("timakgorm: read %s: %w", part.table.model.table, err)
		}
	}
	return nil
}

// readable returns a part without the conditions whose texts are no values of their
// columns, as foo is none of an enum: no row meets them, and Postgres does not look.
func (p *Plugin) readable(ctx context.Context, all part) (part, error) {
	read := part{table: all.table}
	o, err := p.outbox()
	if err != nil {
		return read, err
	}
	rest := all.args
	for i, where := range all.where {
		n := len(splitMarks(where, false)) - 1
		args := rest[:n]
		rest = rest[n:]
		_, err := o.db.ExecContext(ctx, p.dialect.bind("SELECT 1 FROM "+all.table.sql.from+" WHERE "+where+" LIMIT 0"), args...)
		switch {
		case unreadable(err):
		case err != nil:
			return read, err
		default:
			read.rules, read.where, read.args = append(read.rules, all.rules[i]), append(read.where, where), append(read.args, args...)
		}
	}
	return read, nil
}

func (p *Plugin) rowsOf(ctx context.Context, part part, key, where string, args []any, each func(row) error) error {
	o, err := p.outbox()
	if err != nil {
		return err
	}
	t := part.table
	return t.readRows(ctx, o.db, where, args, func(pk string, image *string) error {
		r := row{table: t, key: pk}
		r.places, r.reason = t.model.placesIn(image, key)
		return each(r)
	})
}

// readRows calls each with the primary key of every row that meets a condition, as
// a JSON object, and its image.
func (t *table) readRows(ctx context.Context, db *sql.DB, where string, args []any, each func(pk string, image *string) error) (err error) {
	columns := fmt.Sprintf(t.dialect.text+", "+t.dialect.text, t.sql.anyKey, t.sql.anyImage)
	found, err := db.QueryContext(ctx, t.dialect.bind("SELECT "+columns+" FROM "+t.sql.from+" WHERE "+where), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var pk string
		var image *string
		if err := found.Scan(&pk, &image); err != nil {
			return err
		}
		if err := each(pk, image); err != nil {
			return err
		}
	}
	return found.Err()
}

// countRows returns how many rows may be on the timelines of some keys.
func (p *Plugin) countRows(ctx context.Context, keys []string) (int64, error) {
	var all atomic.Int64
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(atOnce)
	for _, key := range keys {
		workers.Go(func() error {
			for _, part := range p.contentsOf(key).parts {
				n, err := p.countOf(ctx, part)
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

func (p *Plugin) countOf(ctx context.Context, part part) (n int64, err error) {
	o, err := p.outbox()
	if err != nil {
		return 0, err
	}
	t := part.table
	count := func() error {
		statement := t.dialect.bind("SELECT count(*) FROM " + t.sql.from + " WHERE " + strings.Join(part.where, " OR "))
		return o.db.QueryRowContext(ctx, statement, part.args...).Scan(&n)
	}
	if err = count(); unreadable(err) {
		if part, err = p.readable(ctx, part); err == nil && len(part.where) > 0 {
			err = count()
		}
	}
	if err != nil {
		return 0, fmt.Errorf("timakgorm: count rows of %s: %w", t.model.table, err)
	}
	return n, nil
}
