package timakgorm

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"
)

// dialect is what the SQL of the databases we know differs in. Everything else
// is written once, in sql.go.
type dialect struct {
	name   string // as gorm and the folders of package migrations name it
	object string // makes a JSON object of names and values; see objectOf
	hex    string // format: bytes as hexadecimal text
	lock   bool   // rows are locked by SELECT … FOR UPDATE

	// rows is a FROM item that turns the JSON array in a parameter into rows e,
	// row one that makes a row of a single JSON object; rowKey and old are the
	// primary key and the old image of such a row.
	rows, row, rowKey, old string
	// text casts JSON to text.
	text string
	// plain is a value by itself, as it can be compared with its column again.
	plain string
	// differs compares images, NULLs included.
	differs string
	// fence ends a subquery that is to be computed by itself.
	fence string
	// now is the database's clock in microseconds; with clock it is our own, for
	// a database that runs in our process and has a coarser one.
	now   string
	clock bool
	// greatest is max of several values, NULLs left out by coalesce.
	greatest string
	// ids is a subquery over the JSON array of numbers in a parameter; names
	// the same for texts.
	ids, names string
	// array makes a JSON array, as text.
	array string
	// numbered parameters: $1 instead of ?.
	numbered bool
	// inSession says that images are made with the settings of a session, which
	// may be any.
	inSession bool
	// own comes before the names of timak's tables and functions.
	own string
}

var postgres = dialect{
	name:     "postgres",
	hex:      "pg_catalog.encode(%[1]s, 'hex')",
	lock:     true,
	rows:     "json_array_elements(?::text::json) e",
	row:      "(SELECT ?::text::json AS value) e",
	rowKey:   "(e.value->'k')",
	old:      "(e.value->>'o')::json", // an object, or a text of one
	text:     "(%s)::text",
	plain:    "(%s)::text",
	differs:  "%s::text IS DISTINCT FROM %s::text", // json has no equality; both are written alike
	fence:    "\n\tOFFSET 0",
	now:      "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint",
	greatest: "greatest",
	ids:      "SELECT value::bigint FROM jsonb_array_elements_text(?::text::jsonb)",
	names:    "SELECT value FROM jsonb_array_elements_text(?::text::jsonb)",
	array:    "pg_catalog.jsonb_build_array(%s)::pg_catalog.text",
	numbered: true,

	inSession: true,
}

var sqlite = dialect{
	name:     "sqlite",
	object:   "json_object",
	hex:      "CASE WHEN %[1]s IS NOT NULL THEN lower(hex(%[1]s)) END",
	rows:     "json_each(?) e",
	row:      "(SELECT ? AS value) e",
	rowKey:   "json_extract(e.value, '$.k')",
	old:      "json_extract(e.value, '$.o')",
	text:     "%s",
	plain:    "+%s", // of no declared type, which a driver would make something of
	differs:  "%s IS NOT %s",
	clock:    true,
	greatest: "max",
	ids:      "SELECT value FROM json_each(?)",
	names:    "SELECT value FROM json_each(?)",
	array:    "json_array(%s)",
	fence:    "\n\tLIMIT -1",
}

// dialectOf returns the dialect by gorm's name for it.
func dialectOf(name string) (dialect, error) {
	for _, d := range []dialect{postgres, sqlite} {
		if d.name == name {
			return d, nil
		}
	}
	return dialect{}, fmt.Errorf("timakgorm: database %q is not supported: expected postgres or sqlite", name)
}

// bind numbers the parameters of a statement written with ?.
func (d dialect) bind(sql string) string {
	if !d.numbered {
		return sql
	}
	var b strings.Builder
	n := 0
	for _, part := range splitMarks(sql, false) {
		if n > 0 {
			fmt.Fprintf(&b, "$%d", n)
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}

// value is a column as the image holds it. SQLite keeps bytes in a column of any
// type, as JSON types write them, and has no JSON of them.
func (d dialect) value(field *schema.Field, column string) string {
	switch {
	case kindOf(field) == schema.Bytes && (exact(field) || d.name == sqlite.name):
		return fmt.Sprintf(d.hex, column)
	case d.name == sqlite.name:
		return sqliteValue(field, column)
	case d.inSession && !exact(field):
		return d.pinned(field, column)
	default:
		return column
	}
}

// mayBeBlob reports whether a column's values may be written as bytes, though it
// is of another kind. Those of a primary key may not: it is a JSON array too.
func mayBeBlob(field *schema.Field) bool { return !field.PrimaryKey }

// any has columns written for an image whatever they hold. SQLite may keep bytes
// in a primary key, and has no JSON of them; no row is found by such a key, so
// that it is to be none.
func (d dialect) any(column func(*schema.Field) string) func(*schema.Field) string {
	if d.numbered {
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
