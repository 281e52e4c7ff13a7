package dialect

import (
	"slices"
	"strings"
)

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

// probeSQL has the rows as its first parameter, and the table's name as its
// second. Nothing indexes the outbox by rows: IS TRUE keeps the search from
// becoming a join, which might be one for each row.
const probeSQL = `WITH asked AS MATERIALIZED (SELECT {n} AS n, {pk} AS pk, {text} AS image FROM {rows} LEFT JOIN {table} ON {match}),
	waiting AS MATERIALIZED (SELECT DISTINCT o.pk FROM {own}timak_outbox o WHERE o.tbl = CAST(? AS text) AND (o.pk IN (SELECT pk FROM asked)) IS TRUE)
SELECT n, pk, image, pk IN (SELECT pk FROM waiting) FROM asked`

// memberOf is a number in a row of the array that d.rows takes.
func (d Dialect) memberOf(name string) string {
	if d.Numbered {
		return "(e.value->>'" + name + "')::bigint"
	}
	return "json_extract(e.value, '$." + name + "')"
}

// RecordOf returns the statement that records some rows, and its last parameters.
func (t *Table) RecordOf(rows []Change, written string) (record string, given []any) {
	sql := t.SQL.of(len(rows))
	if slices.ContainsFunc(rows, func(row Change) bool { return row.Old != nil }) {
		return sql.record, sql.encode(rows)
	}
	return sql.made, []any{t.NameGiven(written), sql.encodeKeys(rows)}
}

// RecordFrom returns the statement that records rows which SQL reads from elsewhere
// than a parameter. Its parameters are the name of the table and the version.
func (t *Table) RecordFrom(rows Given) string {
	return t.Dialect.fill(strings.Replace(recordSQL, versionMark, "CAST(? AS bigint)", 1), t.Model, t.SQL, rows)
}
