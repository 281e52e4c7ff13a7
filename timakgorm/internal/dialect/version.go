package dialect

import "strings"

// drawSQL draws a version. The writer of the rows runs it after they are locked.
// All rows of a statement get the same version, because they may trade places.
// For every row versions rise by at least two, because a change removes with its
// version and puts with the next one.
//
// A version is not below the parameter. It is above the highest version that has
// left the outbox, and above those of the changes still in it, of any row. These
// exceed the clock only if it was set back. A snapshot sees each version in one
// of the two places. Postgres uses a sequence for all this, which does not depend
// on a snapshot: see migration 0004.
func (d Dialect) drawSQL() string {
	if d.Numbered {
		return "SELECT " + d.own + "timak_version(CAST(? AS bigint))"
	}
	return "SELECT max(CAST(? AS bigint), coalesce((SELECT high + 2 FROM timak_clock), 0), coalesce(" + SQLiteNewest + " + 2, 0))"
}

// SQLiteNewest is the version of the change that was recorded last. There is one
// writer at a time, and none records a version below those that wait, except
// Retry, which first makes the clock keep the highest of them. So the highest
// version is this one or the clock's.
const SQLiteNewest = "(SELECT o.version FROM timak_outbox o ORDER BY o.id DESC LIMIT 1)"

// Micros returns SQL for the database's clock in microseconds. It is 0 if the
// clock of this process is used.
func (d Dialect) Micros() string {
	if d.Clock {
		return "0"
	}
	return d.now
}

// Drawn returns a query for an id of the outbox: all that are drawn later are greater. own
// is what to write before the names of timak's tables, and highest a query for the highest id
// that is there. Postgres' sequence tells at once, if the role may read it; the end of the
// index may be full of deleted rows.
func (d Dialect) Drawn(own, highest string) string {
	if !d.Numbered {
		return highest
	}
	table := "'" + strings.ReplaceAll(own, "'", "''") + "timak_outbox'"
	return "SELECT CASE WHEN has_sequence_privilege(s, 'SELECT, USAGE') THEN coalesce(pg_sequence_last_value(s), 0) ELSE (" + highest + ") END" +
		" FROM (SELECT CAST(pg_get_serial_sequence(" + table + ", 'id') AS regclass) AS s) q"
}

// Moment returns a query for the highest version that was drawn; 0 if the role may not
// know. It is not below any that was known before, by anybody.
func (d Dialect) Moment() string {
	if !d.Numbered {
		return "SELECT max(coalesce((SELECT high FROM timak_clock), 0), coalesce(" + SQLiteNewest + ", 0))"
	}
	return "SELECT CASE WHEN has_sequence_privilege(s, 'SELECT, USAGE') THEN coalesce(pg_sequence_last_value(s), 0) ELSE 0 END" +
		" FROM (SELECT to_regclass('timak_versions') AS s) q"
}
