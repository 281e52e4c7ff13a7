package timakgorm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"gorm.io/gorm/schema"

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
func (p *Plugin) contentsOf(ctx context.Context, key string) contents {
	c := contents{key: key}
	for _, t := range p.sortedTables() {
		found := part{table: t}
		for _, r := range t.model.rules {
			where, args, ok := t.matching(ctx, r.key, key)
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

// matching returns the condition that a row's columns make a text by a
// template, for a parameter each; it reports false if no row can. Rows that are
// alike to the database and not to us (citext, char) meet it as well.
func (t *table) matching(ctx context.Context, by template, text string) (where string, args []any, ok bool) {
	values, ok := by.Match(text)
	if !ok {
		return "", nil, false
	}
	conditions := []string{"1 = 1"}
	for i, field := range by.columns {
		value, ok := t.typed(ctx, field, values[i])
		if !ok {
			return "", nil, false
		}
		conditions = append(conditions, t.sql.column(field)+t.equals(field, values[i]))
		args = append(args, value)
	}
	return "(" + strings.Join(conditions, " AND ") + ")", args, true
}

// equals is the comparison of a column with the parameter that a text in a key
// makes. SQLite may hold a bool as any of the texts that Go reads as one.
func (t *table) equals(field *schema.Field, text string) string {
	switch {
	case t.dialect.name != sqlite.name || kindOf(field) != schema.Bool:
		return " = ?"
	case text == "true":
		return " IN (?, '1', 't', 'T', 'true', 'TRUE', 'True')"
	default:
		return " IN (?, '0', 'f', 'F', 'false', 'FALSE', 'False')"
	}
}

// typed returns the value of a column that is written as a text in a key; it
// reports false if the column can have none.
func (t *table) typed(ctx context.Context, field *schema.Field, text string) (any, bool) {
	stated := strings.ToLower(string(field.DataType))
	if t.dialect.numbered && strings.ContainsRune(text, 0) || strings.HasPrefix(stated, "uuid") && uuid.Validate(text) != nil {
		return nil, false // Postgres would refuse it
	}
	if field.FieldType.Kind() == reflect.Pointer {
		if value, ok := pointedAt(field, text); ok {
			return value, true
		}
	}
	row := reflect.New(t.model.schema.ModelType).Elem()
	if err := field.Set(ctx, row, text); err != nil {
		return nil, false
	}
	value, _ := field.ValueOf(ctx, row)
	return value, true
}

// pointedAt returns the integer or bool that a text is, of the type that the
// field's pointers lead to: GORM sets no such pointer from a text. It reports
// false for a field of another type as well.
func pointedAt(field *schema.Field, text string) (any, bool) {
	value := reflect.New(field.IndirectFieldType).Elem()
	var err error
	switch {
	case value.CanInt():
		var number int64
		number, err = strconv.ParseInt(text, 10, value.Type().Bits())
		value.SetInt(number)
	case value.CanUint():
		var number uint64
		number, err = strconv.ParseUint(text, 10, value.Type().Bits())
		value.SetUint(number)
	case value.Kind() == reflect.Bool:
		var truth bool
		truth, err = strconv.ParseBool(text)
		value.SetBool(truth)
	default:
		return nil, false
	}
	return value.Interface(), err == nil
}

// row is a row of a table as it may be on timelines.
type row struct {
	table  *table
	key    string // the primary key as a JSON object
	places []placement
}

// rows calls each with every row that may be on the key's timeline, one after
// the other; those that are not have no places there. Rows of several tables are not of one moment.
func (p *Plugin) rows(ctx context.Context, c contents, each func(row) error) error {
	for _, part := range c.parts {
		if err := p.rowsOf(ctx, part, c.key, strings.Join(part.where, " OR "), part.args, each); err != nil {
			return fmt.Errorf("timakgorm: read %s: %w", part.table.model.table, err)
		}
	}
	return nil
}

func (p *Plugin) rowsOf(ctx context.Context, part part, key, where string, args []any, each func(row) error) (err error) {
	o, err := p.outbox()
	if err != nil {
		return err
	}
	t := part.table
	columns := fmt.Sprintf(t.dialect.text+", "+t.dialect.text, t.sql.key, t.sql.image)
	found, err := o.db.QueryContext(ctx, t.dialect.bind("SELECT "+columns+" FROM "+t.sql.from+" WHERE "+where), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		r := row{table: t}
		var image *string
		if err := found.Scan(&r.key, &image); err != nil {
			return err
		}
		r.places = t.model.placesIn(image, key)
		if err := each(r); err != nil {
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
			for _, part := range p.contentsOf(ctx, key).parts {
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
	statement := t.dialect.bind("SELECT count(*) FROM " + t.sql.from + " WHERE " + strings.Join(part.where, " OR "))
	if err := o.db.QueryRowContext(ctx, statement, part.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("timakgorm: count rows of %s: %w", t.model.table, err)
	}
	return n, nil
}

// placesIn returns what an image puts on one timeline. A rule that fails on the
// image, by which the relay can put nothing either, puts nothing.
func (m *model) placesIn(text *string, key string) (places []placement) {
	defer func() {
		if recover() != nil {
			places = nil
		}
	}()
	i, err := parseImage(text)
	if err != nil {
		return nil
	}
	all, _, _ := m.placements(i)
	return slices.DeleteFunc(all, func(p placement) bool { return p.key != key })
}
