package timakgorm

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"
)

// given is how SQL reads the array of changes in a parameter.
type given struct {
	rows string   // the FROM item, with the rows as e
	key  string   // a row's primary key, as a JSON object
	keys []string // its columns, of their own types
}

// givenRows returns how to read changes of a model's table, which from names. On
// Postgres a value takes its column's type by way of a record of the table, but
// for integers, where a cast does: a record costs more than all the rest.
func (d dialect) givenRows(m *model, from string, quote func(string) string) given {
	g := given{rows: d.rows, key: d.rowKey, keys: make([]string, len(m.keys))}
	integers := d.numbered
	for _, field := range m.keys {
		integers = integers && isInteger(field)
	}
	if d.numbered && !integers {
		g.rows += fmt.Sprintf(" CROSS JOIN LATERAL jsonb_populate_record(NULL::%s, %s) k", from, d.rowKey)
	}
	for i, field := range m.keys {
		switch {
		case !d.numbered:
			g.keys[i] = "json_extract(e.value, '$.k." + `"` + field.DBName + `"')`
		case integers:
			g.keys[i] = "(" + d.rowKey + "->>'" + strings.ReplaceAll(field.DBName, "'", "''") + "')::bigint"
		default:
			g.keys[i] = "k." + quote(field.DBName)
		}
	}
	return g
}

// isInteger reports whether a column is an integer, as far as the model says.
func isInteger(field *schema.Field) bool {
	kind := kindOf(field)
	return (kind == schema.Int || kind == schema.Uint) && field.TagSettings["TYPE"] == ""
}
