package timakgorm

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"
)

// statements is the SQL of one tracked table in one dialect.
type statements struct {
	from string // the table, quoted, with its schema if it has one

	// key and image are the primary key and the image of a row as JSON objects,
	// the image NULL for a row that is soft-deleted.
	key, image string

	// record writes row changes to the outbox: the rows whose keys and old
	// images are in the parameter, compared with what the table holds now.
	// recordArgs gives its parameters.
	record string

	// force is record with a lower bound for the version of each row.
	force string

	// probe asks what became of rows: for every n of those in the parameter the
	// key as the outbox has it, the image, and whether a change waits there. One
	// statement, so that the image and the outbox are of the same moment.
	probe string

	// locked reads the keys in the parameter under a share lock, in one order
	// for all; empty where a transaction locks everything.
	locked string

	// narrow is a condition: the primary key is among those in the parameter.
	narrow string

	// column names a column, with its table; quote quotes a name.
	column func(field *schema.Field) string
	quote  func(name string) string
}

// statementsOf writes the SQL of a table. quote quotes an identifier.
func (d dialect) statementsOf(m *model, quote func(string) string) statements {
	return d.statementsAs(m, unqualified(m.table), quote)
}

// statementsAs writes the SQL of a table whose rows go by a name of their own,
// such as an alias, in all but record.
func (d dialect) statementsAs(m *model, name string, quote func(string) string) statements {
	table := quote(name)
	column := func(field *schema.Field) string { return table + "." + quote(field.DBName) }
	s := statements{from: quote(m.table), column: column, quote: quote}
	s.key = d.objectOf(m.keys, column)
	s.image = d.imageOf(m, column)
	given := d.givenRows(m, s.from, quote)
	rows, keys := given.rows, given.keys
	columns := make([]string, len(m.keys))
	matches := make([]string, len(m.keys))
	for i, field := range m.keys {
		columns[i] = column(field)
		matches[i] = columns[i] + " = " + keys[i]
	}
	s.narrow = fmt.Sprintf("(%s) IN (SELECT %s FROM %s)", strings.Join(columns, ", "), strings.Join(keys, ", "), rows)
	if d.lock {
		s.locked = d.bind("SELECT 1 FROM " + s.from + " WHERE " + s.narrow + " ORDER BY " + strings.Join(columns, ", ") + " FOR SHARE")
	}
	parts := []string{
		"{table}", s.from,
		"{pk}", fmt.Sprintf(d.array, strings.Join(keys, ", ")),
		"{old}", d.old,
		"{image}", fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s END", columns[0], s.image),
		"{rows}", rows,
		"{match}", strings.Join(matches, " AND "),
		"{now}", d.nowOr(),
		"{greatest}", d.greatest,
		"{differs}", d.differs,
		"{n}", d.memberOf("n"),
		"{text}", fmt.Sprintf(d.text, "CASE WHEN "+columns[0]+" IS NOT NULL THEN "+s.image+" END"),
	}
	fill := func(sql string, more ...string) string {
		return d.bind(strings.NewReplacer(append(more, parts...)...).Replace(sql))
	}
	s.record = fill(recordSQL, "{floor}", "", "{floors}", "")
	s.force = fill(recordSQL, "{floor}", ", "+d.memberOf("f")+" AS floor", "{floors}", ",\n\tcoalesce(max(c.floor) OVER (), 0)")
	s.probe = fill(probeSQL)
	return s
}

// recordSQL draws a version after the rows are locked, by their writer: the same
// for all rows of a statement, as they may trade places, and rising for every
// row by at least two, as a change removes with its version and puts with the
// next. What is above the clock only when that was set back: the highest version
// that left the outbox, and those of the rows still in it. One snapshot sees a
// version in one place or the other.
const recordSQL = `INSERT INTO timak_outbox (tbl, pk, old, new, version)
SELECT CAST(? AS text), c.pk, c.old, c.new, {greatest}({now},
	coalesce((SELECT high + 2 FROM timak_clock), 0),
	coalesce(max((SELECT max(o.version) + 2 FROM timak_outbox o WHERE o.tbl = CAST(? AS text) AND o.pk = c.pk)) OVER (), 0){floors})
FROM (
	SELECT {pk} AS pk, {old} AS old, {image} AS new{floor}
	FROM {rows} LEFT JOIN {table} ON {match}
) c
WHERE c.old {differs} c.new`

// probeSQL has the table's name as its first parameter, and the rows as its
// second.
const probeSQL = `SELECT {n}, {pk}, {text}, EXISTS (SELECT 1 FROM timak_outbox o WHERE o.tbl = CAST(? AS text) AND o.pk = {pk})
FROM {rows} LEFT JOIN {table} ON {match}`

// memberOf is a number in a row of the array that d.rows takes.
func (d dialect) memberOf(name string) string {
	if d.numbered {
		return "(e.value->>'" + name + "')::bigint"
	}
	return "json_extract(e.value, '$." + name + "')"
}

// nowOr is the database's clock, unless a parameter gives the time.
func (d dialect) nowOr() string {
	if d.clock {
		return d.now
	}
	return "coalesce(CAST(? AS bigint), " + d.now + ")"
}

// recordArgs returns the parameters of record; now may be nil for a database
// with a clock.
func (d dialect) recordArgs(m *model, now *int64, rows string) []any {
	return []any{m.table, now, m.table, rows}
}

func (d dialect) objectOf(fields []*schema.Field, column func(*schema.Field) string) string {
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = "'" + strings.ReplaceAll(field.DBName, "'", "''") + "', " + d.value(field, column(field))
	}
	if !d.numbered {
		return d.object + "(" + strings.Join(parts, ", ") + ")"
	}
	var objects []string
	for some := range slices.Chunk(parts, maxPairs) {
		objects = append(objects, d.object+"("+strings.Join(some, ", ")+")")
	}
	return strings.Join(objects, " || ")
}

// maxPairs is how many pairs a function of Postgres takes: it has at most 100
// arguments.
const maxPairs = 50

// unqualified returns the name of a table without its schema, as GORM
// qualifies columns with it.
func unqualified(table string) string { return table[strings.LastIndexByte(table, '.')+1:] }
