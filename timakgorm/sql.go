package timakgorm

import (
	"fmt"
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

	// narrow is a condition: the primary key is among those in the parameter.
	narrow string
}

// statementsOf writes the SQL of a table. quote quotes an identifier.
func (d dialect) statementsOf(m *model, quote func(string) string) statements {
	table := quote(unqualified(m.table))
	column := func(field *schema.Field) string { return table + "." + quote(field.DBName) }
	s := statements{from: quote(m.table)}
	s.key = d.objectOf(m.keys, column)
	s.image = d.objectOf(m.columns, column)
	if m.deleted != nil {
		s.image = fmt.Sprintf("CASE WHEN %s IS NULL THEN %s END", column(m.deleted), s.image)
	}
	rows := d.rows
	if strings.Contains(rows, "%s") {
		rows = fmt.Sprintf(rows, s.from)
	}
	keys := make([]string, len(m.keys))
	columns := make([]string, len(m.keys))
	matches := make([]string, len(m.keys))
	for i, field := range m.keys {
		keys[i] = d.keyOf(field, quote)
		columns[i] = column(field)
		matches[i] = columns[i] + " = " + keys[i]
	}
	s.narrow = fmt.Sprintf("(%s) IN (SELECT %s FROM %s)", strings.Join(columns, ", "), strings.Join(keys, ", "), rows)
	s.record = d.bind(strings.NewReplacer(
		"{table}", s.from,
		"{pk}", fmt.Sprintf(d.array, strings.Join(keys, ", ")),
		"{old}", d.old,
		"{image}", fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s END", columns[0], s.image),
		"{rows}", rows,
		"{match}", strings.Join(matches, " AND "),
		"{now}", d.nowOr(),
		"{greatest}", d.greatest,
		"{differs}", d.differs,
	).Replace(recordSQL))
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
	coalesce(max((SELECT max(o.version) + 2 FROM timak_outbox o WHERE o.tbl = CAST(? AS text) AND o.pk = c.pk)) OVER (), 0))
FROM (
	SELECT {pk} AS pk, {old} AS old, {image} AS new
	FROM {rows} LEFT JOIN {table} ON {match}
) c
WHERE c.old {differs} c.new`

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
	return d.object + "(" + strings.Join(parts, ", ") + ")"
}

func (d dialect) keyOf(field *schema.Field, quote func(string) string) string {
	if d.numbered {
		return fmt.Sprintf(d.key, quote(field.DBName))
	}
	return fmt.Sprintf(d.key, `"`+field.DBName+`"`)
}

// unqualified returns the name of a table without its schema, as GORM
// qualifies columns with it.
func unqualified(table string) string { return table[strings.LastIndexByte(table, '.')+1:] }
