package triggers

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// SQLite has only row-level triggers. What they share between the rows of a statement
// is in two tables of timak's; both recover if they are emptied.
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
// sqliteWriter.replacements.
//
// The index finds the versions of a row's changes in the outbox. Only triggers need
// it, so it is created with them.
var sqliteTables = []string{
	"CREATE TABLE IF NOT EXISTS timak_statement (\n\tone integer PRIMARY KEY CHECK (one = 1),\n\tmark integer NOT NULL,\n\tversion integer NOT NULL\n)",
	"CREATE TABLE IF NOT EXISTS timak_replaced (\n\tat real NOT NULL,\n\ttbl text NOT NULL,\n\twriter text NOT NULL,\n\tpk text NOT NULL,\n" +
		"\told text NOT NULL,\n\tPRIMARY KEY (at, tbl, writer, pk)\n) WITHOUT ROWID",
	"CREATE INDEX IF NOT EXISTS timak_outbox_row ON timak_outbox (tbl, pk, version)",
}

// sqliteTablesDown drops what only triggers need.
var sqliteTablesDown = []string{
	"DROP TABLE IF EXISTS timak_statement",
	"DROP TABLE IF EXISTS timak_replaced",
	"DROP INDEX IF EXISTS timak_outbox_row",
}

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
	sqliteLast    = "max(coalesce((SELECT max(id) FROM timak_outbox), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'timak_outbox'), 0))"
	sqliteNow     = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS integer) * 1000, coalesce((SELECT high + 2 FROM timak_clock), 0)"
	sqlitePending = "coalesce((SELECT max(o.version) + 2 FROM timak_outbox o WHERE o.tbl = {name} AND o.pk IN (%s)), 0)"
	sqliteWaiting = "coalesce((SELECT w.newest + 2 FROM (SELECT " + dialect.SQLiteNewest + " AS newest) w WHERE w.newest > coalesce((SELECT version FROM timak_statement), 0)), 0)"
)

const sqliteRecord = "INSERT INTO timak_outbox (tbl, pk, old, new, version) "

// sqliteWriter writes the triggers of one table.
type sqliteWriter struct {
	model  *model.Model
	set    triggerSet
	unique []uniqueSet
}

func sqliteTriggers(m *model.Model) (triggerSet, error) {
	if schema := sqltext.SchemaOf(m.Table); schema != "" && schema != "main" {
		return triggerSet{}, fmt.Errorf("timakgorm: triggers of %s: expected a table in the database main: "+
			"SQLite's triggers cannot reach the outbox from another database", m.Table)
	}
	unique, err := uniqueSets(m)
	if err != nil {
		return triggerSet{}, fmt.Errorf("timakgorm: triggers of %s: %w", m.Table, err)
	}
	w := &sqliteWriter{model: m, unique: unique}
	w.set.shared = sqliteTables
	w.set.up = slices.Concat([]string{"DROP TABLE IF EXISTS timak_replaced"}, sqliteTables) // an older one may have other columns
	w.replacements()
	w.inserts()
	w.updates()
	w.deletes()
	return w.set, nil
}

// trigger adds a trigger with an event, a condition and the statements of its body.
// Its name ends in the table's, and none of the names before that is a prefix of
// another, so the triggers of two tables cannot have the same name.
func (w *sqliteWriter) trigger(name, event, when string, body ...string) {
	bare := sqltext.Unqualified(w.model.Table)
	full := "timak_" + name + "_" + bare
	if when != "" {
		when = "WHEN " + when + "\n"
	}
	drop := "DROP TRIGGER IF EXISTS " + sqltext.QuotePart(full)
	create := fmt.Sprintf("CREATE TRIGGER %s %s ON %s FOR EACH ROW\n%sBEGIN\n\t/* %s: made from the rules; do not edit. */\n\t%s;\nEND",
		sqltext.QuotePart(full), event, sqltext.QuotePart(bare), when, hashMark, strings.Join(body, ";\n\t"))
	w.set.names = append(w.set.names, full)
	w.set.up = append(w.set.up, drop, w.fill(create))
	w.set.down = append(w.set.down, drop)
}

func (w *sqliteWriter) fill(text string) string {
	return strings.NewReplacer("{last}", sqliteLast, "{now}", sqliteNow, "{waiting}", sqliteWaiting, "{name}", sqltext.QuoteText(w.model.Table)).Replace(text)
}

// draw returns the statement that draws a version for rows with primary keys: each
// argument is a list or a subquery of them.
func (w *sqliteWriter) draw(keys ...string) string {
	pending := make([]string, len(keys))
	for i, list := range keys {
		pending[i] = fmt.Sprintf(sqlitePending, list)
	}
	return strings.ReplaceAll(sqliteDraw, "{pending}", strings.Join(pending, ", "))
}

// record returns the statement that records one row: its primary key, and its images
// before and after.
func (w *sqliteWriter) record(pk, old, now string) string {
	return sqliteRecord + "SELECT {name}, " + pk + ", " + old + ", " + now + ", s.version FROM timak_statement s"
}

// recordChanged returns the statement that records those rows of subqueries, with the
// columns pk, old and new, that have changed.
func (w *sqliteWriter) recordChanged(rows ...string) string {
	return sqliteRecord + "SELECT {name}, c.pk, c.old, c.new, s.version FROM timak_statement s, (\n\t\t" +
		strings.Join(rows, " UNION ALL\n\t\t") + "\n\t) c WHERE c.old IS NOT c.new"
}

func (w *sqliteWriter) table() string { return sqltext.QuotePart(sqltext.Unqualified(w.model.Table)) }

func (w *sqliteWriter) pk(alias string) string { return dialect.SQLite.PKOf(w.model, alias) }

// image returns the image of a row that is not soft-deleted.
func (w *sqliteWriter) image(alias string) string {
	return dialect.SQLite.ObjectOf(w.model.Columns, dialect.Qualifies(alias))
}

// imageOrNone returns the image of a row, NULL if it is soft-deleted.
func (w *sqliteWriter) imageOrNone(alias string) string {
	return dialect.CaseWhen(dialect.Seen(w.model, alias), w.image(alias))
}

// now returns the image of the row that the table now holds under the primary key of
// the row alias. It may differ from what the event has written: a trigger of the
// user's or a foreign key may have changed the row again, and that may be recorded
// already.
func (w *sqliteWriter) now(alias string) string {
	return w.nowUnder(dialect.Qualifies(alias))
}

func (w *sqliteWriter) nowUnder(value func(*schema.Field) string) string {
	return "(SELECT " + w.imageOrNone("p") + " FROM " + w.table() + " p WHERE " + sameKeys(w.model.Keys, value) + ")"
}

func (w *sqliteWriter) inserts() {
	w.trigger("insert", "AFTER INSERT", dialect.Joined(" AND ", dialect.Seen(w.model, "new"), "NOT "+w.anyNoted(w.notesOf(true))),
		w.draw(w.pk("new")),
		w.record(w.pk("new"), "NULL", w.now("new")))
}

// updates has one trigger for updates that keep the primary key, and one for those
// that change it, which remove a row and add another.
func (w *sqliteWriter) updates() {
	m := w.model
	moved := changed(m.Keys)
	visible := ""
	if dialect.Seen(m, "old") != "" {
		visible = "(" + dialect.Seen(m, "old") + " OR " + dialect.Seen(m, "new") + ")"
	}
	w.trigger("update", "AFTER UPDATE", dialect.Joined(" AND ", "("+changed(model.Watched(m))+")", "NOT ("+moved+")", visible),
		w.draw(w.pk("new")),
		w.record(w.pk("new"), w.imageOrNone("old"), w.now("new")))
	noted := w.notesOf(false)
	w.trigger("move", w.updateOf("AFTER", m.Keys), moved,
		w.draw(w.pk("old")+", "+w.pk("new"), "SELECT r.pk"+noted),
		w.recordChanged(
			"SELECT "+w.pk("old")+" AS pk, "+w.imageOrNone("old")+" AS old, "+w.now("old")+" AS new",
			"SELECT "+w.pk("new")+", "+w.notedImage(noted)+", "+w.now("new"),
			w.notedOthers(noted)+" AND r.pk <> "+w.pk("old")),
		w.forget(noted), sqliteMark)
}

func (w *sqliteWriter) deletes() {
	w.trigger("delete", "AFTER DELETE", dialect.Seen(w.model, "old"),
		w.draw(w.pk("old")),
		w.record(w.pk("old"), w.image("old"), w.now("old")))
}

// updateOf returns the event of an update of fields. SQLite compiles all triggers of
// an event with every statement, which for one row takes longer than running it. So
// triggers for the primary key list its columns, which are never generated. Other
// triggers have no such list: it would miss updates of the columns from which a
// generated column is computed.
func (w *sqliteWriter) updateOf(moment string, fields []*schema.Field) string {
	if slices.ContainsFunc(fields, func(field *schema.Field) bool { return !slices.Contains(w.model.Keys, field) }) {
		return moment + " UPDATE"
	}
	columns := dialect.Columns(fields, func(field *schema.Field) string { return sqltext.QuotePart(field.DBName) })
	return moment + " UPDATE OF " + strings.Join(append(columns, "rowid", "oid", "_rowid_"), ", ")
}

// sameKeys returns the condition that a row p has a primary key, byte by byte. A text
// is first compared in the collation of its column, for which there is an index.
func sameKeys(keys []*schema.Field, value func(*schema.Field) string) string {
	return strings.Join(dialect.Columns(keys, func(field *schema.Field) string {
		same := dialect.Qualifies("p")(field) + " IS " + value(field)
		if model.Whole(field) {
			return same
		}
		return same + " AND " + same + " COLLATE BINARY"
	}), " AND ")
}

// changed returns the condition that one of the columns has changed, byte by byte.
func changed(fields []*schema.Field) string {
	return strings.Join(dialect.Columns(fields, func(field *schema.Field) string {
		return dialect.Qualifies("old")(field) + " IS NOT " + dialect.Qualifies("new")(field) + " COLLATE BINARY"
	}), " OR ")
}
