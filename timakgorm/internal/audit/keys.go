package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// keySource is a rule as a source of keys: the distinct values of the columns in its
// template. It counts rows that are soft-deleted or whose condition is false, as an
// item of theirs may be left on a timeline.
type keySource struct {
	table   *dialect.Table
	key     model.Template
	columns []*schema.Field // of key, each once
	alike   map[string]bool // columns in which different texts may be the same value

	// place says why the rule cannot place a row to which it applies.
	place func(model.Image) error
}

// keySources returns the rules of models, or of all models, always in the same order. The
// timelines of a model that publishes are those that subscribe to its audiences.
func (a *Audit) keySources(ctx context.Context, models []any) ([]keySource, error) {
	wanted := map[*dialect.Table]bool{}
	for _, value := range models {
		t := a.registered(value)
		if t == nil {
			return nil, fmt.Errorf("timakgorm: %T is not registered: expected a pointer to a registered model's struct", value)
		}
		wanted[t] = true
	}
	all, published := len(models) == 0, map[string]bool{}
	for t := range wanted {
		for _, r := range t.Model.Publications {
			published[r.Audience] = true
		}
	}
	var sources []keySource
	for _, t := range a.tables.Sorted() {
		alike, err := a.alike(ctx, t)
		if err != nil {
			return nil, err
		}
		for _, r := range t.Model.Rules {
			if !all && !wanted[t] {
				continue
			}
			sources = append(sources, keySourceOf(t, r.Key, alike, func(i model.Image) error {
				_, _, err := t.Model.Apply(r, i, t.Model.CheckKey(i))
				return err
			}))
		}
		for _, s := range t.Model.Subscriptions {
			if !all && !published[s.Audience] && !wanted[t] {
				continue
			}
			sources = append(sources, keySourceOf(t, s.Key, alike, func(i model.Image) error {
				_, _, err := i.Subscribed(s)
				return err
			}))
		}
	}
	return sources, nil
}

func keySourceOf(t *dialect.Table, key model.Template, alike map[string]bool, place func(model.Image) error) keySource {
	s := keySource{table: t, key: key, alike: alike, place: place}
	for _, field := range key.Columns {
		if !slices.Contains(s.columns, field) {
			s.columns = append(s.columns, field)
		}
	}
	return s
}

// registered returns the table of a model; nil if it is not registered.
func (a *Audit) registered(value any) *dialect.Table {
	for _, t := range a.tables.ByName {
		if model.StructType(value) != nil && t.Model.Schema.ModelType == model.StructType(value) {
			return t
		}
	}
	return nil
}

// keyPage is some of the values that the columns of a key have, in order.
type keyPage struct {
	keys    []string
	unkeyed [][]any  // values from which no key can be made
	size    int      // the number of values; less than the limit on the last page
	last    []string // the last values
}

// page returns at most limit values after a place, which is the values of the columns
// as texts; nil is the beginning.
func (s keySource) page(ctx context.Context, a *Audit, after []string, limit int) (page keyPage, err error) {
	if len(s.columns) == 0 {
		if after == nil {
			page = keyPage{keys: []string{s.key.String()}, size: 1, last: []string{}}
		}
		return page, nil
	}
	found, err := s.values(ctx, a, after, limit)
	if err != nil {
		return page, err
	}
	for _, one := range found {
		key, err := s.keyOf(one.image)
		if err != nil {
			page.unkeyed = append(page.unkeyed, one.values)
			continue
		}
		first, err := s.isFirst(ctx, a, key, one.values)
		if err != nil {
			return page, err
		}
		if first {
			page.keys = append(page.keys, key)
		}
	}
	if page.size = len(found); page.size > 0 {
		page.last = placeTexts(found[page.size-1].values)
	}
	return page, nil
}

// distinct returns the SQL of a column, in which values are equal only if their texts
// are.
func (s keySource) distinct(field *schema.Field) string {
	column := s.table.SQL.Column(field)
	switch {
	case model.KindOf(field) == schema.String && !s.table.Dialect.Numbered:
		return column + " COLLATE BINARY"
	case s.alike[field.DBName] && model.KindOf(field) == schema.String:
		return "(CASE WHEN " + column + " IS NOT NULL THEN format('%s', " + column + `) END COLLATE "C")` // casting a char would cut off spaces
	default:
		return column
	}
}

// alike returns the columns of a table in Postgres in which different texts may be the
// same value: A and a in citext, or 1.0 and 1. In a key they differ.
func (a *Audit) alike(ctx context.Context, t *dialect.Table) (map[string]bool, error) {
	if !a.tables.Dialect.Numbered {
		return nil, nil
	}
	o, err := a.relay.Outbox()
	if err != nil {
		return nil, err
	}
	found, err := dialect.ReadColumns(ctx, o.DB, t.Model, t.SQL.From)
	if err != nil {
		return nil, err
	}
	columns := map[string]bool{}
	for _, c := range found {
		columns[c.Name] = c.Alike()
	}
	return columns, nil
}

// keyOf returns the key made from a JSON object of columns.
func (s keySource) keyOf(text string) (key string, err error) {
	i, err := model.ParseImage(&text)
	if err != nil {
		return "", err
	}
	key, _, err = i.Render(s.key)
	return key, err
}

// makes reports whether the source makes a key exactly, and not one that only the
// database holds equal.
func (s keySource) makes(ctx context.Context, a *Audit, key string) (made bool, err error) {
	return s.makesWhere(ctx, a, key, "1 = 1")
}

// makesWhere is makes for rows that meet a condition.
func (s keySource) makesWhere(ctx context.Context, a *Audit, key, condition string, more ...any) (made bool, err error) {
	where, args, ok := s.table.Matching(s.key, key)
	if !ok || len(s.columns) == 0 {
		return ok, nil
	}
	if slices.ContainsFunc(s.columns, func(field *schema.Field) bool { return s.distinct(field) != s.table.SQL.Column(field) }) {
		exactly, exact, _ := s.table.MatchingBy(s.key, key, s.distinct) // in addition to the bare columns, for which there may be an index
		where, args = where+" AND "+exactly, append(args, exact...)
	}
	o, err := a.relay.Outbox()
	if err != nil {
		return false, err
	}
	statement := s.table.Dialect.Bind("SELECT EXISTS (SELECT 1 FROM " + s.table.SQL.From + " WHERE " + where + " AND " + condition + ")")
	if err := o.DB.QueryRowContext(ctx, statement, append(args, more...)...).Scan(&made); err != nil {
		if dialect.Unreadable(err) { // no row has such a value
			return false, nil
		}
		return false, fmt.Errorf("timakgorm: keys of %s: %w", s.table.Model.Table, err)
	}
	return made, nil
}

// rows counts the rows from which the source makes keys.
func (s keySource) rows(ctx context.Context, a *Audit) (n int64, err error) {
	o, err := a.relay.Outbox()
	if err != nil {
		return 0, err
	}
	where := []string{"1 = 1"}
	for _, field := range s.columns {
		where = append(where, s.table.SQL.Column(field)+" IS NOT NULL")
	}
	statement := "SELECT count(*) FROM " + s.table.SQL.From + " WHERE " + strings.Join(where, " AND ")
	if err := o.DB.QueryRowContext(ctx, statement).Scan(&n); err != nil {
		return 0, fmt.Errorf("timakgorm: count rows of %s: %w", s.table.Model.Table, err)
	}
	return n, nil
}
