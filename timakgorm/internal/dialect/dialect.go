package dialect

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Dialect is what differs between the SQL of the supported databases, for statements that
// are otherwise the same. Where a database needs a way of its own, the code asks for its
// Name, or for what it can do.
type Dialect struct {
	Name     string // as gorm and the folders of package migrations name it
	Language sqltext.Language
	Object   string // makes a JSON object of names and values; see ObjectOf
	hex      string // format: writes bytes as hexadecimal text
	Lock     bool   // rows are locked by SELECT … FOR UPDATE

	// rows is a FROM item that turns the JSON array in a parameter into rows e.
	// row is one that makes a row of a single JSON object. rowKey and old are the
	// primary key and the old image of such a row.
	rows, row, rowKey, old string
	// Text is a format that casts JSON to text.
	Text string
	// Plain is a format for a value without its declared type, so that it can be
	// compared with its column.
	Plain string
	// differs is a format that compares images. NULL differs from everything but
	// NULL.
	differs string
	// fence ends a subquery that must be computed separately.
	fence string
	// number ends a condition: it gives the transaction a number, if it has none.
	number string
	// now is the database's clock in microseconds. Clock says to use the clock of
	// this process instead, for a database that runs in it and has a coarser
	// clock.
	now   string
	Clock bool
	// Greatest is the function that returns the greatest of several values. A
	// value that may be NULL needs coalesce.
	Greatest string
	// IDs is a subquery that returns the numbers of the JSON array in a
	// parameter, Names one that returns its texts.
	IDs, Names string
	// Array is a format that makes a JSON array, as text.
	Array string
	// Numbered says that parameters are $1, $2 and so on instead of ?.
	Numbered bool
	// InSession says that images depend on the settings of the session that makes
	// them, which may be any.
	InSession bool
	// own is what to write before the names of timak's tables and functions: ""
	// or a schema with a dot.
	own string
}

// Postgres is PostgreSQL, version 13 or later.
var Postgres = Dialect{
	Name:     "postgres",
	Language: sqltext.Postgres,
	hex:      "pg_catalog.encode(%[1]s, 'hex')",
	Lock:     true,
	rows:     "json_array_elements(?::text::json) e",
	row:      "(SELECT ?::text::json AS value) e",
	rowKey:   "(e.value->'k')",
	old:      "(e.value->>'o')::json", // an object, or a text of one
	Text:     "(%s)::text",
	Plain:    "(%s)::text",
	differs:  "%s::text IS DISTINCT FROM %s::text", // json has no equality, and both are written the same way
	fence:    "\n\tOFFSET 0",
	number:   " AND pg_catalog.pg_current_xact_id() IS NOT NULL",
	now:      "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint",
	Greatest: "greatest",
	IDs:      "SELECT value::bigint FROM jsonb_array_elements_text(?::text::jsonb)",
	Names:    "SELECT value FROM jsonb_array_elements_text(?::text::jsonb)",
	Array:    "pg_catalog.jsonb_build_array(%s)::pg_catalog.text",
	Numbered: true,

	InSession: true,
}

// SQLite is SQLite with JSON functions.
var SQLite = Dialect{
	Name:     "sqlite",
	Language: sqltext.SQLite,
	Object:   "json_object",
	hex:      "CASE WHEN %[1]s IS NOT NULL THEN lower(hex(%[1]s)) END",
	rows:     "json_each(?) e",
	row:      "(SELECT ? AS value) e",
	rowKey:   "json_extract(e.value, '$.k')",
	old:      "json_extract(e.value, '$.o')",
	Text:     "%s",
	Plain:    "+%s", // without a declared type, which a driver would act on
	differs:  "%s IS NOT %s",
	Clock:    true,
	Greatest: "max",
	IDs:      "SELECT value FROM json_each(?)",
	Names:    "SELECT value FROM json_each(?)",
	Array:    "json_array(%s)",
	fence:    "\n\tLIMIT -1",
}

// Of returns the dialect by gorm's name for it, or an error that lists the
// supported ones.
func Of(name string) (Dialect, error) {
	for _, d := range []Dialect{Postgres, SQLite} {
		if d.Name == name {
			return d, nil
		}
	}
	return Dialect{}, fmt.Errorf("timakgorm: database %q is not supported: expected postgres or sqlite", name)
}

// Bind numbers the parameters of a statement that is written with ?, if the
// database wants that.
func (d Dialect) Bind(sql string) string {
	if !d.Numbered {
		return sql
	}
	var b strings.Builder
	n := 0
	for _, part := range sqltext.SplitMarks(sql, false) {
		if n > 0 {
			fmt.Fprintf(&b, "$%d", n)
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}

// Value returns SQL for a column as the image holds it. SQLite may store bytes in
// a column of any type, as JSON types write them, and has no JSON for bytes.
func (d Dialect) Value(field *schema.Field, column string) string {
	switch {
	case model.KindOf(field) == schema.Bytes && (model.Exact(field) || d.Name == SQLite.Name):
		return fmt.Sprintf(d.hex, column)
	case d.Name == SQLite.Name:
		return sqliteValue(field, column)
	case d.InSession && !model.Exact(field):
		return d.pinned(field, column)
	default:
		return column
	}
}

// mayBeBlob reports whether a column's values may be written as bytes although it
// is of another kind. Those of a primary key may not, because the key is also a
// JSON array.
func mayBeBlob(field *schema.Field) bool { return !field.PrimaryKey }

// AnyColumn makes column work for an image that may contain anything. SQLite may
// store bytes in a primary key and has no JSON for them. No row can be found by
// such a key, so the key is written as an array, which is no value of a key.
func (d Dialect) AnyColumn(column func(*schema.Field) string) func(*schema.Field) string {
	if d.Numbered {
		return column
	}
	return func(field *schema.Field) string {
		if mayBeBlob(field) {
			return column(field)
		}
		return fmt.Sprintf("CASE typeof(%[1]s) WHEN 'blob' THEN json_array(hex(%[1]s)) ELSE %[1]s END", column(field))
	}
}

// sqliteValue returns SQL for a column of SQLite as the image holds it. Bytes in
// a primary key must fail, because no row can be found by them. Bytes alone do
// not always fail, because some are SQLite's own JSON, so they are replaced by a
// value that is never JSON. Bytes come last in SQLite's order of values, from the
// empty ones on: to ask for the type would call a function.
func sqliteValue(field *schema.Field, column string) string {
	bytes := "CAST(%[1]s AS text)"
	if !mayBeBlob(field) {
		bytes = "x'ff'"
	}
	return fmt.Sprintf("CASE WHEN %[1]s >= x'' THEN "+bytes+" ELSE %[1]s END", column)
}
