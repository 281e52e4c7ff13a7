package dialect

import (
	"slices"
	"strings"
)

// versionMark is the version that has been drawn, or else one that is drawn now.
const versionMark = "coalesce(CAST(? AS bigint), ({draw}))"

// recordSQL records rows with the version that has been drawn for the statement,
// or draws one. The fence keeps an image from being computed twice, once to
// compare it and once to store it. A transaction that has locked nothing, as the row is gone,
// gets its number before the first id is drawn: see outbox.sweep.
const recordSQL = `INSERT INTO {own}timak_outbox (tbl, pk, old, new, version)
SELECT CAST(? AS text), c.pk, c.old, c.new, ` + versionMark + `
FROM (
	SELECT {pk} AS pk, {old} AS old, {image} AS new
	FROM {rows} LEFT JOIN {table} ON {match}{fence}
) c
WHERE {differs}{number}`

// madeSQL is recordSQL for rows that were absent or soft-deleted before. Nobody
// has looked at their table yet, so it checks that the name means the tracked
// table.
const madeSQL = `INSERT INTO {own}timak_outbox (tbl, pk, new, version)
SELECT CAST(? AS text), c.pk, c.new, ` + versionMark + `
FROM (
	SELECT {itspk} AS pk, {itsimage} AS new
	FROM {table} WHERE {same} AND {narrow}{fence}
) c
WHERE c.new IS NOT NULL{number}`

// probeSQL takes the rows as its first parameter and the table's name as its
// second. No index of the outbox is by row: IS TRUE keeps the search from
// becoming a join, which might run once for each row.
const probeSQL = `WITH asked AS MATERIALIZED (SELECT {n} AS n, {pk} AS pk, {text} AS image FROM {rows} LEFT JOIN {table} ON {match}),
	waiting AS MATERIALIZED (SELECT DISTINCT o.pk FROM {own}timak_outbox o WHERE o.tbl = CAST(? AS text) AND (o.pk IN (SELECT pk FROM asked)) IS TRUE)
SELECT n, pk, image, pk IN (SELECT pk FROM waiting) FROM asked`

// memberOf returns a number in an element of the array that d.rows reads.
func (d Dialect) memberOf(name string) string {
	if d.Numbered {
		return "(e.value->>'" + name + "')::bigint"
	}
	return "json_extract(e.value, '$." + name + "')"
}

// RecordOf returns the statement that records rows, and its last parameters.
// written is the name of the table as the statement writes it; see NameGiven.
func (t *Table) RecordOf(rows []Change, written string) (record string, given []any) {
	sql := t.SQL.of(len(rows))
	if slices.ContainsFunc(rows, func(row Change) bool { return row.Old != nil }) {
		return sql.record, sql.encode(rows)
	}
	return sql.made, []any{t.NameGiven(written), sql.encodeKeys(rows)}
}

// RecordFrom returns the statement that records rows which SQL does not read from
// a parameter. Its parameters are the name of the table and the version.
func (t *Table) RecordFrom(rows Given) string {
	return t.Dialect.fill(strings.Replace(recordSQL, versionMark, "CAST(? AS bigint)", 1), t.Model, t.SQL, rows)
}
