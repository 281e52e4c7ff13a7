package dialect

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Dialect is what the SQL of the databases we know differs in. Everything else
// is written once, in sql.go.
type Dialect struct {
	Name     string // as gorm and the folders of package migrations name it
	Language sqltext.Language
	Object   string // makes a JSON object of names and values; see objectOf
	hex      string // format: bytes as hexadecimal text
	Lock     bool   // rows are locked by SELECT … FOR UPDATE

	// rows is a FROM item that turns the JSON array in a parameter into rows e,
	// row one that makes a row of a single JSON object; rowKey and old are the
	// primary key and the old image of such a row.
	rows, row, rowKey, old string
	// Text casts JSON to text.
	Text string
	// Plain is a value by itself, as it can be compared with its column again.
	Plain string
	// differs compares images, NULLs included.
	differs string
	// fence ends a subquery that is to be computed by itself.
	fence string
	// now is the database's clock in microseconds; with clock it is our own, for
	// a database that runs in our process and has a coarser one.
	now   string
	Clock bool
	// Greatest is max of several values, NULLs left out by coalesce.
	Greatest string
	// IDs is a subquery over the JSON array of numbers in a parameter; names
	// the same for texts.
	IDs, Names string
	// Array makes a JSON array, as text.
	Array string
	// Numbered parameters: $1 instead of ?.
	Numbered bool
	// InSession says that images are made with the settings of a session, which
	// may be any.
	InSession bool
	// own comes before the names of timak's tables and functions.
	own string
}

// Postgres is PostgreSQL, from version 13 on.
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
	differs:  "%s::text IS DISTINCT FROM %s::text", // json has no equality; both are written alike
	fence:    "\n\tOFFSET 0",
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
	Plain:    "+%s", // of no declared type, which a driver would make something of
	differs:  "%s IS NOT %s",
	Clock:    true,
	Greatest: "max",
	IDs:      "SELECT value FROM json_each(?)",
	Names:    "SELECT value FROM json_each(?)",
	Array:    "json_array(%s)",
	fence:    "\n\tLIMIT -1",
}

// Of returns the dialect by gorm's name for it.
func Of(name string) (Dialect, error) {
	for _, d := range []Dialect{Postgres, SQLite} {
		if d.Name == name {
			return d, nil
		}
	}
	return Dialect{}, fmt.Errorf("timakgorm: database %q is not supported: expected postgres or sqlite", name)
}

// Bind numbers the parameters of a statement written with ?.
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

// Value is a column as the image holds it. SQLite keeps bytes in a column of any
// type, as JSON types write them, and has no JSON of them.
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

// mayBeBlob reports whether a column's values may be written as bytes, though it
// is of another kind. Those of a primary key may not: it is a JSON array too.
func mayBeBlob(field *schema.Field) bool { return !field.PrimaryKey }

// AnyColumn has columns written for an image whatever they hold. SQLite may keep bytes
// in a primary key, and has no JSON of them; no row is found by such a key, so
// that it is to be none.
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

// sqliteValue is a column of SQLite's as the image holds it. Those of a primary
// key are to have no bytes, by which no row is found again: what is no JSON is an
// error, which bytes alone may not be, as some of them are SQLite's own JSON.
func sqliteValue(field *schema.Field, column string) string {
	bytes := "CAST(%[1]s AS text)"
	if !mayBeBlob(field) {
		bytes = "x'ff'"
	}
	return fmt.Sprintf("CASE typeof(%[1]s) WHEN 'blob' THEN "+bytes+" ELSE %[1]s END", column)
}
