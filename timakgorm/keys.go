package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"
)

// keySource is a rule as a source of keys: the distinct values of the columns
// in its template. Rows that are soft-deleted, or whose condition is false,
// count: a phantom of theirs may be left.
type keySource struct {
	table   *table
	key     template
	columns []*schema.Field // of key, each once
	alike   map[string]bool // those in which different texts may be the same value
}

// keySources returns the rules of models, or of all, in an order that is always
// the same.
func (p *Plugin) keySources(ctx context.Context, models []any) ([]keySource, error) {
	wanted := map[*table]bool{}
	for _, value := range models {
		t := p.registered(value)
		if t == nil {
			return nil, fmt.Errorf("timakgorm: %T is not registered: expected a pointer to a registered model's struct", value)
		}
		wanted[t] = true
	}
	var sources []keySource
	for _, t := range p.sortedTables() {
		if len(models) > 0 && !wanted[t] {
			continue
		}
		alike, err := p.alike(ctx, t)
		if err != nil {
			return nil, err
		}
		for _, r := range t.model.rules {
			s := keySource{table: t, key: r.key, alike: alike}
			for _, field := range r.key.columns {
				if !slices.Contains(s.columns, field) {
					s.columns = append(s.columns, field)
				}
			}
			sources = append(sources, s)
		}
	}
	return sources, nil
}

func (p *Plugin) registered(value any) *table {
	if tracked, ok := value.(Tracked); ok {
		value = tracked.model
	}
	for _, t := range p.tables {
		if structType(value) != nil && t.model.schema.ModelType == structType(value) {
			return t
		}
	}
	return nil
}

// page returns the next keys after a place, which is the values of the columns
// as texts, nil for the beginning; and the place of the last of them. No keys
// are left if it returns none.
func (s keySource) page(ctx context.Context, p *Plugin, after []string, limit int) (keys, last []string, err error) {
	if len(s.columns) == 0 {
		if after != nil {
			return nil, nil, nil
		}
		return []string{s.key.String()}, []string{}, nil
	}
	o, err := p.outbox()
	if err != nil {
		return nil, nil, err
	}
	statement, args, err := s.statement(ctx, after, limit)
	if err != nil {
		return nil, nil, err
	}
	found, err := o.db.QueryContext(ctx, s.table.dialect.bind(statement), args...)
	if err != nil {
		return nil, nil, fmt.Errorf("timakgorm: keys of %s: %w", s.table.model.table, err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var text string
		if err := found.Scan(&text); err != nil {
			return nil, nil, err
		}
		key, values, err := s.read(text)
		if err != nil {
			return nil, nil, fmt.Errorf("timakgorm: keys of %s: %w", s.table.model.table, err)
		}
		keys, last = append(keys, key), values
	}
	return keys, last, found.Err()
}

// statement selects the values of a page, each row as a JSON object.
func (s keySource) statement(ctx context.Context, after []string, limit int) (statement string, args []any, err error) {
	d := s.table.dialect
	quote := func(field *schema.Field) string { return s.table.sql.quote(field.DBName) }
	var columns, named, outer []string
	for _, field := range s.columns {
		column := s.distinct(field)
		columns = append(columns, column)
		named = append(named, column+" AS "+quote(field))
		outer = append(outer, "k."+quote(field))
	}
	where := []string{strings.Join(columns, " IS NOT NULL AND ") + " IS NOT NULL"}
	if after != nil {
		if len(after) != len(s.columns) {
			return "", nil, ErrFrom
		}
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(after)), ", ")
		where = append(where, "("+strings.Join(columns, ", ")+") > ("+marks+")")
		for i, field := range s.columns {
			value, ok := s.table.typed(ctx, field, after[i])
			if !ok {
				return "", nil, ErrFrom
			}
			args = append(args, value)
		}
	}
	object := d.objectOf(s.columns, func(field *schema.Field) string { return "k." + quote(field) })
	statement = "SELECT " + fmt.Sprintf(d.text, object) + " FROM (SELECT DISTINCT " + strings.Join(named, ", ") +
		" FROM " + s.table.sql.from + " WHERE " + strings.Join(where, " AND ") +
		" ORDER BY " + strings.Join(columns, ", ") + " LIMIT ?) k ORDER BY " + strings.Join(outer, ", ")
	return statement, append(args, limit), nil
}

// distinct is a column in which values are one only if their texts are.
func (s keySource) distinct(field *schema.Field) string {
	column := s.table.sql.column(field)
	switch {
	case kindOf(field) == schema.String && !s.table.dialect.numbered:
		return column + " COLLATE BINARY"
	case s.alike[field.DBName]:
		return column + `::text COLLATE "C"`
	default:
		return column
	}
}

// alike returns the columns of a table in Postgres in which different texts may
// be the same value: to citext A is a, but not to a key.
func (p *Plugin) alike(ctx context.Context, t *table) (columns map[string]bool, err error) {
	if !p.dialect.numbered {
		return nil, nil
	}
	o, err := p.outbox()
	if err != nil {
		return nil, err
	}
	found, err := o.db.QueryContext(ctx, `SELECT a.attname FROM pg_attribute a
		JOIN pg_type y ON y.oid = a.atttypid LEFT JOIN pg_collation c ON c.oid = a.attcollation
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND (y.typname = 'citext' OR NOT c.collisdeterministic)`, t.sql.from)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: columns of %s: %w", t.model.table, err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	columns = map[string]bool{}
	for found.Next() {
		var name string
		if err := found.Scan(&name); err != nil {
			return nil, err
		}
		columns[name] = true
	}
	return columns, found.Err()
}

// read returns the key of a JSON object of columns, and their texts.
func (s keySource) read(text string) (key string, values []string, err error) {
	i, err := parseImage(&text)
	if err != nil {
		return "", nil, err
	}
	for _, field := range s.columns {
		value, _, err := i.text(field)
		if err != nil {
			return "", nil, err
		}
		values = append(values, value)
	}
	key, _, err = i.render(s.key)
	return key, values, err
}

// makes reports whether the source comes upon a key: not upon one that is only
// alike to the database.
func (s keySource) makes(ctx context.Context, p *Plugin, key string) (made bool, err error) {
	where, args, ok := s.table.matching(ctx, s.key, key)
	if !ok || len(s.columns) == 0 {
		return ok, nil
	}
	for i, field := range s.key.columns { // beside the columns themselves, which an index may have
		if column := s.distinct(field); column != s.table.sql.column(field) {
			where += " AND " + column + " = ?"
			args = append(args, args[i])
		}
	}
	o, err := p.outbox()
	if err != nil {
		return false, err
	}
	statement := s.table.dialect.bind("SELECT EXISTS (SELECT 1 FROM " + s.table.sql.from + " WHERE " + where + ")")
	if err := o.db.QueryRowContext(ctx, statement, args...).Scan(&made); err != nil {
		return false, fmt.Errorf("timakgorm: keys of %s: %w", s.table.model.table, err)
	}
	return made, nil
}

// rows counts what the source's keys are made of.
func (s keySource) rows(ctx context.Context, p *Plugin) (n int64, err error) {
	o, err := p.outbox()
	if err != nil {
		return 0, err
	}
	where := []string{"1 = 1"}
	for _, field := range s.columns {
		where = append(where, s.table.sql.column(field)+" IS NOT NULL")
	}
	statement := "SELECT count(*) FROM " + s.table.sql.from + " WHERE " + strings.Join(where, " AND ")
	if err := o.db.QueryRowContext(ctx, statement).Scan(&n); err != nil {
		return 0, fmt.Errorf("timakgorm: count rows of %s: %w", s.table.model.table, err)
	}
	return n, nil
}
