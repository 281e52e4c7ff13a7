package pgstore

import "strings"

// statements are the SQL of a store.
type statements struct {
	get, part, put, add, keys string
	check                     []string // trials of the others
}

// getSQL reads the siblings of a key.
const getSQL = `SELECT dot, value, other_dots, other_values FROM TABLE_NAME WHERE key = $1::bytea`

// partSQL reads the beginning of a value, and whether that is not all, with its siblings. The
// column is not compressed, so only as many bytes are read.
const partSQL = `SELECT dot, substr(value, 1, $2::int), other_dots, other_values,
	octet_length(value) > $2::int
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

// addSQL stores a value with its dot beside all siblings. It returns whether those are the
// ones whose dots are known. It leaves the first value where it is: Postgres does not write
// again what is stored outside of a row and has not changed.
const addSQL = `INSERT INTO TABLE_NAME AS stored (key, dot, value)
VALUES ($1::bytea, $2::bigint, $3::bytea)
ON CONFLICT (key) DO UPDATE SET
	other_dots = array_append(stored.other_dots, excluded.dot),
	other_values = array_append(stored.other_values, excluded.value)
RETURNING array_prepend(stored.dot, stored.other_dots) <@ array_append($4::bigint[], $2::bigint)
	AND array_append($4::bigint[], $2::bigint) <@ array_prepend(stored.dot, stored.other_dots)`

// keysSQL reads the next keys, in order.
const keysSQL = `SELECT key FROM TABLE_NAME WHERE key >= $1::bytea ORDER BY key LIMIT $2::bigint`

// statementsOf returns the SQL for a table with this quoted name.
func statementsOf(table string) statements {
	on := func(sql string) string { return strings.ReplaceAll(sql, "TABLE_NAME", table) }
	return statements{
		get: on(getSQL), part: on(partSQL), put: on(putSQL), add: on(addSQL), keys: on(keysSQL),
		check: []string{on(trial(getSQL)), on(trial(partSQL)), on(trial(putSQL)), on(trial(addSQL)), on(trial(keysSQL))},
	}
}

// trial returns a statement that does nothing, and fails if sql would: because of
// a missing table, column or index, or for want of a right.
func trial(sql string) string {
	return "EXPLAIN " + strings.NewReplacer("$1", "NULL", "$2", "NULL", "$3", "NULL", "$4", "NULL").Replace(sql)
}
