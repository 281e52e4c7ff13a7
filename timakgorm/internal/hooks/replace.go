package hooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// uniqueKey is a primary key or unique index of SQLite: its columns, and the
// collation in which each is compared.
type uniqueKey struct{ columns, collations []string }

// replaced is a table in which a statement replaces rows.
type replaced struct {
	table   string
	from    string   // quoted, with its schema
	name    string   // the name that the statement gives its rows
	primary []string // the columns of the primary key
}

// beforeReplace reads the rows that an INSERT or UPDATE OR REPLACE deletes: those
// that share a unique key with a row it writes.
func (c *capture) beforeReplace(ctx context.Context) error {
	if c.hooks.tables.Dialect.Lock {
		return c.refuse("this database has no OR REPLACE: use clause.OnConflict")
	}
	t := c.target.Table
	primary := make([]string, len(t.Model.Keys))
	for i, field := range t.Model.Keys {
		primary[i] = field.DBName
	}
	common, err := c.conflicting(ctx, replaced{t.Model.Table, t.SQL.From, c.target.Name, primary})
	if err != nil {
		return err
	}
	return c.read(ctx, clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: []clause.Expression{common}}})
}

// conflicting returns the condition of the rows that are replaced. It runs the
// statement to see what it writes, and undoes that.
func (c *capture) conflicting(ctx context.Context, t replaced) (common statement.Fragment, err error) {
	keys, err := c.uniqueKeys(ctx, t)
	if err != nil {
		return common, err
	}
	quote := statement.Quoter(c.db.Statement)
	var parts []string
	for _, key := range keys {
		for _, column := range key.columns {
			if part := sqltext.QuoteText(column) + ", " + quote(column); !slices.Contains(parts, part) {
				parts = append(parts, part)
			}
		}
	}
	made, err := c.undone(ctx, c.hooks.tables.Dialect.Object+"("+strings.Join(parts, ", ")+")")
	if err != nil {
		return common, err
	}
	return t.common(keys, "["+strings.Join(made, ",")+"]", quote), nil
}

// common returns the condition that a row shares one of the keys with one of rows, a
// JSON array.
func (t replaced) common(keys []uniqueKey, rows string, quote func(string) string) statement.Fragment {
	var primary []string
	for _, column := range t.primary {
		primary = append(primary, quote(column))
	}
	var common []string
	for _, key := range keys {
		var matches []string
		for i, column := range key.columns {
			path := sqltext.QuoteText(`$."` + column + `"`)
			matches = append(matches, "o."+quote(column)+" = json_extract(e.value, "+path+") COLLATE "+quote(key.collations[i]))
		}
		common = append(common, "SELECT "+strings.Join(qualified("o.", primary), ", ")+" FROM json_each(?) e JOIN "+
			t.from+" o ON "+strings.Join(matches, " AND "))
	}
	sql := "(" + strings.Join(qualified(quote(t.name)+".", primary), ", ") + ") IN (" + strings.Join(common, " UNION ALL ") + ")"
	return statement.Fragment{SQL: sql, Vars: slices.Repeat([]any{rows}, len(keys))}
}

func qualified(prefix string, names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = prefix + name
	}
	return out
}

// uniqueKeys asks SQLite for the unique keys of a table.
func (c *capture) uniqueKeys(ctx context.Context, t replaced) (keys []uniqueKey, err error) {
	primary := uniqueKey{}
	for _, column := range t.primary {
		primary.columns = append(primary.columns, column)
		primary.collations = append(primary.collations, "BINARY")
	}
	keys = append(keys, primary)
	last := int64(-1)
	const query = `SELECT i.seq, x.name, x.coll FROM pragma_index_list(?) i, pragma_index_xinfo(i.name) x
		WHERE i."unique" AND x.key ORDER BY i.seq, x.seqno`
	err = dialect.EachRow(ctx, c.ConnPool, query, []any{sqltext.Unqualified(t.table)}, func(found *sql.Rows) error {
		var index int64
		var column, collation *string
		if err := found.Scan(&index, &column, &collation); err != nil {
			return err
		}
		if column == nil || collation == nil {
			return c.refuse("OR REPLACE in a table that has a unique index on an expression: use clause.OnConflict")
		}
		if index != last {
			keys, last = append(keys, uniqueKey{}), index
		}
		key := &keys[len(keys)-1]
		key.columns, key.collations = append(key.columns, *column), append(key.collations, *collation)
		return nil
	})
	if err != nil && !errors.Is(err, statement.ErrUncaptured) {
		err = fmt.Errorf("timakgorm: unique keys of %s: %w", t.table, err)
	}
	return keys, err
}
