package triggers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// SQLite has only row-level triggers, and compiles all triggers of an event anew with
// every statement, which for one row takes longer than running it. So they have as
// little SQL as they can.
//
// Most models leave the ids of items to timak, which makes them of the primary key.
// Then each change of a row gets a version of its own, above all earlier ones: see
// sqliteVersion.
//
// A rule with id= may give the rows of a statement each other's items: rows trade
// places. If any tracked model has such a rule, all triggers draw a version for the
// whole statement, as its rows may be of several tables. What they share between the
// rows is in two tables of timak's; both recover if they are emptied.
//
// timak_statement holds the version of the current statement. Rows may trade places
// within a statement, so its rows must share a version. Rows of later statements must
// not get a lower one, as they may take a place that was left, and the versions of one
// row must rise by two. The clock alone ensures none of that: it counts milliseconds.
// So the first row of a statement draws a version above that of any earlier
// statement, and the others use it.
//
// The column mark tells whether a row is the first: it is the number of changes that
// the connection has counted, less the id of the last outbox row. Within a statement
// both rise together, by one with every recorded row. When a statement ends, its own
// rows are counted too, and the mark differs. The user's triggers may disturb the
// count during a statement: then its rows and theirs get rising versions, which is
// wrong only for rows that trade places among them. The marks of two connections may
// be equal by chance: then the second goes on with the version of the first, which is
// above those of all earlier statements, too. Only a row that has that version
// already draws another.
//
// timak_replaced holds the rows that a row about to be written would replace: see
// sqliteWriter.replacements. The column newest is the id of the last outbox row then.
//
// The index finds the versions of a row's changes in the outbox. Only a version for a
// whole statement needs it, so it is created with timak_statement.
const (
	replacedTable = "CREATE TABLE IF NOT EXISTS timak_replaced (\n\tat real NOT NULL,\n\ttbl text NOT NULL,\n\twriter text NOT NULL,\n\tpk text NOT NULL,\n" +
		"\told text NOT NULL,\n\tnewest integer NOT NULL DEFAULT 0,\n\tPRIMARY KEY (at, tbl, writer, pk)\n) WITHOUT ROWID"
	statementTable = "CREATE TABLE IF NOT EXISTS timak_statement (\n\tone integer PRIMARY KEY CHECK (one = 1),\n\tmark integer NOT NULL,\n\tversion integer NOT NULL\n)"
	rowIndex       = "CREATE INDEX IF NOT EXISTS timak_outbox_row ON timak_outbox (tbl, pk, version)"
)

// sqliteTables creates what triggers need.
func sqliteTables(trades bool) []string {
	if trades {
		return []string{statementTable, replacedTable, rowIndex}
	}
	return []string{replacedTable}
}

// Statements that drop what only triggers need, and what only those need that draw a
// version for a whole statement.
var (
	drawsDown        = []string{"DROP TABLE IF EXISTS timak_statement", "DROP INDEX IF EXISTS timak_outbox_row"}
	sqliteTablesDown = append([]string{"DROP TABLE IF EXISTS timak_replaced"}, drawsDown...)
)

// dropDraws drops what only a version for a whole statement needs, once no trigger
// draws one: an index of the outbox slows every change.
func dropDraws(ctx context.Context, d dialect.Dialect, pool gorm.ConnPool) error {
	if d.Name != dialect.SQLite.Name {
		return nil
	}
	found, err := installedTriggers(ctx, d, pool, "")
	if err != nil || slices.ContainsFunc(found, func(t installedTrigger) bool { return strings.Contains(t.text, "timak_statement") }) {
		return err
	}
	return dialect.ExecAll(ctx, pool, drawsDown)
}

// tradePlaces reports whether rows may trade places within a statement, as a rule of
// one of the models makes the ids of items of other columns than the primary key.
func tradePlaces(models []*model.Model) bool {
	return slices.ContainsFunc(models, func(m *model.Model) bool { return !m.OwnsItems() })
}

// sqliteVersion is the version of one row's change. It is above those of all that are
// recorded or have left the outbox, and not below the clock. A statement that changes
// many rows runs ahead of the clock, by two microseconds a row.
const sqliteVersion = "max(" + sqliteNow + ", coalesce(" + dialect.SQLiteNewest + " + 2, 0))"

// sqliteDraw sets the statement's version in timak_statement. The version is at least
// {pending}, which the changes of the primary keys about to be recorded ask for, and
// above the changes that {waiting} finds: those that others have recorded since the
// last statement, or all if timak_statement is empty. Within a statement there are
// none.
const sqliteDraw = `INSERT INTO timak_statement (one, mark, version)
	VALUES (1, total_changes() + 1 - {last}, max({now}, {pending}, {waiting}))
	ON CONFLICT (one) DO UPDATE SET mark = excluded.mark, version = max(timak_statement.version + 2, excluded.version)
	WHERE timak_statement.mark <> excluded.mark - 1 OR timak_statement.version < excluded.version`

// sqliteMark corrects the mark after a trigger has changed another table of timak's,
// and for its own change.
const sqliteMark = `UPDATE timak_statement SET mark = mark + changes() + 1`

const (
	// The sequence is updated when a statement ends, and outlives the rows.
	sqliteLast = "max(coalesce((SELECT max(id) FROM timak_outbox), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'timak_outbox'), 0))"
	// 1970 began on the Julian day 2440587.5. The clock counts milliseconds.
	sqliteNow     = "CAST(julianday('now') * 86400000000.0 - 210866760000000000.0 AS integer), coalesce((SELECT high + 2 FROM timak_clock), 0)"
	sqlitePending = "coalesce((SELECT max(o.version) + 2 FROM timak_outbox o WHERE o.tbl = {name} AND o.pk IN (%s)), 0)"
	sqliteWaiting = "coalesce((SELECT w.newest + 2 FROM (SELECT " + dialect.SQLiteNewest + " AS newest) w WHERE w.newest > coalesce((SELECT version FROM timak_statement), 0)), 0)"
)

const sqliteRecord = "INSERT INTO timak_outbox (tbl, pk, old, new, version) "

func (w *sqliteWriter) fill(text string) string {
	return strings.NewReplacer("{last}", sqliteLast, "{now}", sqliteNow, "{waiting}", sqliteWaiting, "{name}", w.name()).Replace(text)
}

// draw returns the statement that draws a version for rows with primary keys, if it
// is one for the whole statement: each argument is a list or a subquery of them.
func (w *sqliteWriter) draw(keys ...string) []string {
	if !w.trades {
		return nil
	}
	pending := make([]string, len(keys))
	for i, list := range keys {
		pending[i] = fmt.Sprintf(sqlitePending, list)
	}
	return []string{strings.ReplaceAll(sqliteDraw, "{pending}", strings.Join(pending, ", "))}
}

// marked returns a statement that changes another table of timak's, and what corrects
// the mark after it.
func (w *sqliteWriter) marked(statement string) []string {
	if !w.trades {
		return []string{statement}
	}
	return []string{statement, sqliteMark}
}

// record returns the statement that records one row: its primary key, and its images
// before and after.
func (w *sqliteWriter) record(pk, old, now string) string {
	row := "{name}, " + pk + ", " + old + ", " + now + ", "
	if w.trades {
		return sqliteRecord + "SELECT " + row + "s.version FROM timak_statement s"
	}
	return sqliteRecord + "VALUES (" + row + sqliteVersion + ")"
}

// recordChanged returns the statement that records those rows of subqueries, with the
// columns pk, old and new, that have changed.
func (w *sqliteWriter) recordChanged(rows ...string) string {
	version, from := sqliteVersion, ""
	if w.trades {
		version, from = "s.version", "timak_statement s, "
	}
	return sqliteRecord + "SELECT {name}, c.pk, c.old, c.new, " + version + " FROM " + from + "(\n\t\t" +
		strings.Join(rows, " UNION ALL\n\t\t") + "\n\t) c WHERE c.old IS NOT c.new"
}
