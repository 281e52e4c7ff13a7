package dialect

// drawSQL draws a version after the rows are locked, by their writer: the same
// for all rows of a statement, as they may trade places, and rising for every
// row by at least two, as a change removes with its version and puts with the
// next. It is not below its parameter. What is above the clock only when that was
// set back: the highest version that left the outbox, and those of changes still
// in it, of whatever row. One snapshot sees a version in one place or the other.
// Postgres has a sequence for all that, which a snapshot does not hold back: see
// migration 0004.
func (d Dialect) drawSQL() string {
	if d.Numbered {
		return "SELECT " + d.own + "timak_version(CAST(? AS bigint))"
	}
	return "SELECT max(CAST(? AS bigint), coalesce((SELECT high + 2 FROM timak_clock), 0), coalesce(" + SQLiteNewest + " + 2, 0))"
}

// SQLiteNewest is the version of the change that came last into the outbox. There
// is one writer at a time, and none records a version below those that wait; but
// for Retry, which has the clock keep the highest of them before. So either is the
// highest.
const SQLiteNewest = "(SELECT o.version FROM timak_outbox o ORDER BY o.id DESC LIMIT 1)"

// Micros is the database's clock in microseconds; 0 if it is that of our
// process.
func (d Dialect) Micros() string {
	if d.Clock {
		return "0"
	}
	return d.now
}
