package pgstore

import "strings"

// statements are the SQL of a store.
type statements struct {
	get, part, put, keys string
	check                []string // trials of the others
}

// getSQL reads the siblings of a key.
const getSQL = `SELECT dot, value, other_dots, other_values FROM TABLE_NAME WHERE key = $1::bytea`

// partSQL reads the beginning of a value that is alone, and whether that is not all. The
// column is not compressed, so only as many bytes are read.
const partSQL = `SELECT dot,
	CASE WHEN other_dots IS NULL THEN substr(value, 1, $2::int) ELSE value END,
	other_dots, other_values,
	other_dots IS NULL AND octet_length(value) > $2::int
FROM TABLE_NAME WHERE key = $1::bytea`

// putSQL stores a value with its dot, and keeps those siblings whose dots are not among
// the ones seen. ON CONFLICT locks the row and goes on from its newest version, whatever
// the statement's snapshot: so what it returns, whether the value is the only sibling,
// is proved.
//
// The last condition saves most puts from reading the old values: it does not depend
// on the rows of unnest, so it is tested before.
const putSQL = `INSERT INTO TABLE_NAME AS stored (key, dot, value)
VALUES ($1::bytea, $2::bigint, $3::bytea)
ON CONFLICT (key) DO UPDATE SET
	dot = excluded.dot,
	value = excluded.value,
	(other_dots, other_values) = (
		SELECT array_agg(sibling.dot), array_agg(sibling.value)
		FROM unnest(
			array_prepend(stored.dot, stored.other_dots),
			array_prepend(stored.value, stored.other_values)
		) AS sibling (dot, value)
		WHERE sibling.dot <> ALL ($4::bigint[])
			AND NOT array_prepend(stored.dot, stored.other_dots) <@ $4::bigint[]
	)
RETURNING stored.other_dots IS NULL`

// keysSQL reads the next keys, in order.
const keysSQL = `SELECT key FROM TABLE_NAME WHERE key >= $1::bytea ORDER BY key LIMIT $2::bigint`

// statementsOf returns the SQL for a table with this quoted name.
func statementsOf(table string) statements {
	on := func(sql string) string { return strings.ReplaceAll(sql, "TABLE_NAME", table) }
	return statements{
		get: on(getSQL), part: on(partSQL), put: on(putSQL), keys: on(keysSQL),
		check: []string{on(trial(getSQL)), on(trial(partSQL)), on(trial(putSQL)), on(trial(keysSQL))},
	}
}

// trial returns a statement that does nothing, and fails if sql would: because of
// a missing table, column or index, or for want of a right.
func trial(sql string) string {
	return "EXPLAIN " + strings.NewReplacer("$1", "NULL", "$2", "NULL", "$3", "NULL", "$4", "NULL").Replace(sql)
}
