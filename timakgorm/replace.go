package timakgorm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/clause"
)

// uniqueKey is what SQLite lets no two rows have in common: columns, and how
// each is compared.
type uniqueKey struct{ columns, collations []string }

// beforeReplace reads the rows that an INSERT or UPDATE OR REPLACE deletes: those
// which have any unique key in common with one that it writes.
func (c *capture) beforeReplace(ctx context.Context) error {
	if c.plugin.dialect.lock {
		return c.refuse("OR REPLACE is not for this database: use clause.OnConflict")
	}
	keys, err := c.uniqueKeys(ctx)
	if err != nil {
		return err
	}
	quote := quoter(c.db.Statement)
	var parts []string
	for _, key := range keys {
		for _, column := range key.columns {
			if part := quoteText(column) + ", " + quote(column); !slices.Contains(parts, part) {
				parts = append(parts, part)
			}
		}
	}
	made, err := c.undone(ctx, c.plugin.dialect.object+"("+strings.Join(parts, ", ")+")")
	if err != nil {
		return err
	}
	return c.read(ctx, c.whereCommon(keys, "["+strings.Join(made, ",")+"]"))
}

// whereCommon is the clause: one of the keys is that of one of the rows.
func (c *capture) whereCommon(keys []uniqueKey, rows string) clause.Clause {
	quote := quoter(c.db.Statement)
	var primary []string
	for _, field := range c.target.table.model.keys {
		primary = append(primary, quote(field.DBName))
	}
	var common []string
	for _, key := range keys {
		var matches []string
		for i, column := range key.columns {
			path := quoteText(`$."` + column + `"`)
			matches = append(matches, "o."+quote(column)+" = json_extract(e.value, "+path+") COLLATE "+quote(key.collations[i]))
		}
		common = append(common, "SELECT "+strings.Join(qualified("o.", primary), ", ")+" FROM json_each(?) e JOIN "+
			c.target.sql.from+" o ON "+strings.Join(matches, " AND "))
	}
	sql := "(" + strings.Join(qualified(quote(c.target.name)+".", primary), ", ") + ") IN (" + strings.Join(common, " UNION ALL ") + ")"
	in := fragment{sql: sql, vars: slices.Repeat([]any{rows}, len(keys))}
	return clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: []clause.Expression{in}}}
}

func qualified(prefix string, names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = prefix + name
	}
	return out
}

// uniqueKeys asks SQLite for the unique keys of the table.
func (c *capture) uniqueKeys(ctx context.Context) (keys []uniqueKey, err error) {
	primary := uniqueKey{}
	for _, field := range c.target.table.model.keys {
		primary.columns = append(primary.columns, field.DBName)
		primary.collations = append(primary.collations, "BINARY")
	}
	found, err := c.ConnPool.QueryContext(ctx, `SELECT i.seq, x.name, x.coll FROM pragma_index_list(?) i, pragma_index_xinfo(i.name) x
		WHERE i."unique" AND x.key ORDER BY i.seq, x.seqno`, unqualified(c.target.table.model.table))
	if err != nil {
		return nil, fmt.Errorf("timakgorm: unique keys of %s: %w", c.target.table.model.table, err)
	}
	defer closeRows(found, &err)
	keys = append(keys, primary)
	last := int64(-1)
	for found.Next() {
		var index int64
		var column, collation *string
		if err := found.Scan(&index, &column, &collation); err != nil {
			return nil, err
		}
		if column == nil || collation == nil {
			return nil, c.refuse("OR REPLACE in a table with a unique index of an expression: use clause.OnConflict")
		}
		if index != last {
			keys, last = append(keys, uniqueKey{}), index
		}
		key := &keys[len(keys)-1]
		key.columns, key.collations = append(key.columns, *column), append(key.collations, *collation)
	}
	return keys, found.Err()
}
