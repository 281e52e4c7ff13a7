package timakgorm

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"
)

// statements is the SQL of one tracked table in one dialect.
type statements struct {
	from string // the table, quoted, with its schema where that is known
	own  string // what comes before the names of timak's tables

	// key and image are the primary key and the image of a row as JSON objects,
	// the image NULL for a row that is soft-deleted.
	key, image string

	// anyKey and anyImage are the same of a row that may hold anything: what JSON
	// cannot say of a primary key is there as no single value.
	anyKey, anyImage string

	// one and many are about the rows in a parameter: a single change, or an
	// array of any number. Where there is lists, it does the same faster.
	one, many, lists rowsSQL

	// draw draws the version of a statement whose changes many statements record;
	// its parameter is what it must not be below.
	draw string

	// probe asks what became of rows: for every n of those in the parameter the
	// key as the outbox has it, the image, and whether a change waits there. One
	// statement, so that the image and the outbox are of the same moment.
	probe string

	// locked reads the keys in the parameter under a share lock, in one order
	// for all; empty where a transaction locks everything.
	locked string

	// plain is the condition that an update of the table does no more than it says;
	// empty where that cannot be asked.
	plain string

	// column names a column, with its table; quote quotes a name.
	column func(field *schema.Field) string
	quote  func(name string) string
}

// rowsSQL is SQL about given rows.
type rowsSQL struct {
	given

	// record writes them to the outbox: the rows whose keys and old images are
	// given, compared with what the table holds now. Its first parameters are
	// the name of the table, the version if it has been drawn, and what a version
	// that it draws must not be below.
	record string

	// made is record for rows without old images, whose keys are given. Before them
	// it has the name by which they were made, as nameGiven writes it.
	made string

	// narrow is a condition: the primary key is among those in the parameter.
	narrow string
}

// of returns the SQL about a number of rows.
func (s statements) of(rows int) rowsSQL {
	switch {
	case rows == 1:
		return s.one
	case s.lists.lists:
		return s.lists
	default:
		return s.many
	}
}

// recordOf returns the statement that records some rows, and its last parameters.
func (t *table) recordOf(rows []change, written string) (record string, given []any) {
	sql := t.sql.of(len(rows))
	if slices.ContainsFunc(rows, func(row change) bool { return row.Old != nil }) {
		return sql.record, sql.encode(rows)
	}
	return sql.made, []any{t.nameGiven(written), sql.encodeKeys(rows)}
}

// among is the condition that a row is one of the changes.
func (s statements) among(c *changes) fragment {
	sql := s.of(len(c.rows))
	return fragment{sql: sql.narrow, vars: []any{sql.encodeKeys(c.rows)}}
}

// statementsAs writes the SQL of a table at home, whose rows go by a name of their
// own, such as an alias, in all but record. quote quotes an identifier.
func (d dialect) statementsAs(m *model, at home, name string, quote func(string) string) statements {
	table := quote(name)
	column := func(field *schema.Field) string { return table + "." + quote(field.DBName) }
	s := statements{from: quote(m.table), own: d.own, column: column, quote: quote}
	if at.schema != "" {
		s.from = prefix(at.schema) + quotePart(unqualified(m.table))
	}
	s.key = d.objectOf(m.keys, column)
	s.image = d.imageOf(m, column)
	s.anyKey, s.anyImage = d.objectOf(m.keys, d.any(column)), d.imageOf(m, d.any(column))
	s.draw = d.bind(d.drawSQL())
	s.plain = d.plainOf(m, s)
	one, many := d.givenRow(m, s.from, quote), d.givenRows(m, s.from, quote)
	s.one, s.many = d.rowsSQL(m, s, one), d.rowsSQL(m, s, many)
	if d.numbered {
		s.lists = d.rowsSQL(m, s, d.givenLists(m, s.from, quote))
	}
	s.probe = d.bind(d.fill(probeSQL, m, s, many))
	if d.lock {
		s.locked = d.bind("SELECT 1 FROM " + s.from + " WHERE " + s.many.narrow + " ORDER BY " + strings.Join(each(m.keys, column), ", ") + " FOR SHARE")
	}
	return s
}

// rowsSQL writes the SQL about given rows. Postgres looks up the elements of an
// array in an index, where it might join a subquery with all of the table.
func (d dialect) rowsSQL(m *model, s statements, given given) rowsSQL {
	narrow := "({columns}) IN (SELECT {keys} FROM {keyrows})"
	if given.lists && len(m.keys) == 1 {
		narrow = "{columns} = ANY (ARRAY(SELECT {keys} FROM {keyrows}))"
	}
	return rowsSQL{
		given:  given,
		record: d.bind(d.fill(recordSQL, m, s, given)),
		made:   d.bind(d.fill(strings.ReplaceAll(madeSQL, "{narrow}", narrow), m, s, given)),
		narrow: d.fill(narrow, m, s, given),
	}
}

// fill writes SQL about given rows from a template.
func (d dialect) fill(template string, m *model, s statements, given given) string {
	columns := each(m.keys, s.column)
	matches := make([]string, len(columns))
	for i, column := range columns {
		matches[i] = column + " = " + given.keys[i]
	}
	keys := strings.Join(given.keys, ", ")
	image := fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s END", columns[0], s.image)
	return strings.NewReplacer(
		"{table}", s.from,
		"{columns}", strings.Join(columns, ", "),
		"{keys}", keys,
		"{pk}", given.pk,
		"{itspk}", fmt.Sprintf(d.array, strings.Join(columns, ", ")),
		"{itsimage}", s.image,
		"{old}", given.old,
		"{image}", image,
		"{text}", fmt.Sprintf(d.text, image),
		"{rows}", given.rows,
		"{keyrows}", given.keyRows,
		"{match}", strings.Join(matches, " AND "),
		"{draw}", d.drawSQL(),
		"{own}", d.own,
		"{same}", d.sameSQL(s.from),
		"{differs}", fmt.Sprintf(d.differs, "c.old", "c.new"),
		"{fence}", d.fence,
		"{n}", d.memberOf("n"),
	).Replace(template)
}

// versionMark is the version that has been drawn, or that which is drawn now.
const versionMark = "coalesce(CAST(? AS bigint), ({draw}))"

// recordSQL takes the version that has been drawn for the statement, or draws
// it. The fence keeps an image from being made twice, to compare it and to store
// it.
const recordSQL = `INSERT INTO {own}timak_outbox (tbl, pk, old, new, version)
SELECT CAST(? AS text), c.pk, c.old, c.new, ` + versionMark + `
FROM (
	SELECT {pk} AS pk, {old} AS old, {image} AS new
	FROM {rows} LEFT JOIN {table} ON {match}{fence}
) c
WHERE {differs}`

// madeSQL is recordSQL for rows that were not there, or not to be seen. Nobody has
// looked at their table before: it asks whether the name means the tracked one.
const madeSQL = `INSERT INTO {own}timak_outbox (tbl, pk, new, version)
SELECT CAST(? AS text), c.pk, c.new, ` + versionMark + `
FROM (
	SELECT {itspk} AS pk, {itsimage} AS new
	FROM {table} WHERE {same} AND {narrow}{fence}
) c
WHERE c.new IS NOT NULL`

// drawSQL draws a version after the rows are locked, by their writer: the same
// for all rows of a statement, as they may trade places, and rising for every
// row by at least two, as a change removes with its version and puts with the
// next. It is not below its parameter. What is above the clock only when that was
// set back: the highest version that left the outbox, and those of changes still
// in it, of whatever row. One snapshot sees a version in one place or the other.
// Postgres has a sequence for all that, which a snapshot does not hold back: see
// migration 0004.
func (d dialect) drawSQL() string {
	if d.numbered {
		return "SELECT " + d.own + "timak_version(CAST(? AS bigint))"
	}
	return "SELECT max(CAST(? AS bigint), coalesce((SELECT high + 2 FROM timak_clock), 0), coalesce(" + sqliteNewest + " + 2, 0))"
}

// sqliteNewest is the version of the change that came last into the outbox. There
// is one writer at a time, and none records a version below those that wait; but
// for Retry, which has the clock keep the highest of them before. So either is the
// highest.
const sqliteNewest = "(SELECT o.version FROM timak_outbox o ORDER BY o.id DESC LIMIT 1)"

// probeSQL has the rows as its first parameter, and the table's name as its
// second. Nothing indexes the outbox by rows: IS TRUE keeps the search from
// becoming a join, which might be one for each row.
const probeSQL = `WITH asked AS MATERIALIZED (SELECT {n} AS n, {pk} AS pk, {text} AS image FROM {rows} LEFT JOIN {table} ON {match}),
	waiting AS MATERIALIZED (SELECT DISTINCT o.pk FROM {own}timak_outbox o WHERE o.tbl = CAST(? AS text) AND (o.pk IN (SELECT pk FROM asked)) IS TRUE)
SELECT n, pk, image, pk IN (SELECT pk FROM waiting) FROM asked`

// memberOf is a number in a row of the array that d.rows takes.
func (d dialect) memberOf(name string) string {
	if d.numbered {
		return "(e.value->>'" + name + "')::bigint"
	}
	return "json_extract(e.value, '$." + name + "')"
}

// objectOf makes a JSON object of columns. Postgres has them as a row, which it
// writes in less time and space than names and values one by one.
func (d dialect) objectOf(fields []*schema.Field, column func(*schema.Field) string) string {
	if d.numbered {
		return "(SELECT row_to_json(timak_image.*) FROM (SELECT " + d.imageColumns(fields, column) + ") timak_image)"
	}
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = quoteText(field.DBName) + ", " + d.value(field, column(field))
	}
	return d.object + "(" + strings.Join(parts, ", ") + ")"
}

// imageColumns are columns as an image has them, by their names.
func (d dialect) imageColumns(fields []*schema.Field, column func(*schema.Field) string) string {
	return strings.Join(each(fields, func(field *schema.Field) string {
		return d.value(field, column(field)) + " AS " + quotePart(field.DBName)
	}), ", ")
}

// unqualified returns the name of a table without its schema, as GORM
// qualifies columns with it.
func unqualified(table string) string { return table[strings.LastIndexByte(table, '.')+1:] }
