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

// SQLite has row-level triggers only. What they share between the rows of a
// statement is kept in two tables of ours; both heal when somebody empties them.
//
// timak_statement holds the version of the statement under way. Rows may trade
// places within one, so its rows must share a version; rows of later statements
// must not get a lower one, as they may take a place that was left; and the
// versions of one row must rise by two. The clock alone gives none of that: it
// counts milliseconds. So the first row of a statement draws a version above
// that of any statement before, and the others use it.
//
// Whether a row is the first is told by mark: the changes that the connection
// has counted, less the number of the last outbox row. Within a statement both
// rise together, by one with every row recorded; when a statement ends, its own
// rows are counted too, and the mark is another. Triggers of the user's may
// disturb the count in the midst of a statement: its rows and theirs get rising
// versions then, which is wrong only for rows that trade a place among them. The
// marks of two connections may be the same by chance: the second goes on with the
// version of the first then, which is above those of all statements before, too.
// Only a row that has that version already draws another.
//
// timak_replaced holds the rows that a row about to be written would replace:
// see replacements.
//
// The index finds the versions of a row's changes that wait. Nothing else needs
// it, so that it is not there without triggers.
var sqliteTables = []string{
	"CREATE TABLE IF NOT EXISTS timak_statement (\n\tone integer PRIMARY KEY CHECK (one = 1),\n\tmark integer NOT NULL,\n\tversion integer NOT NULL\n)",
	"CREATE TABLE IF NOT EXISTS timak_replaced (\n\tat real NOT NULL,\n\ttbl text NOT NULL,\n\twriter text NOT NULL,\n\tpk text NOT NULL,\n" +
		"\told text NOT NULL,\n\tPRIMARY KEY (at, tbl, writer, pk)\n) WITHOUT ROWID",
	"CREATE INDEX IF NOT EXISTS timak_outbox_row ON timak_outbox (tbl, pk, version)",
}

// sqliteTablesDown takes away what triggers alone need.
var sqliteTablesDown = []string{
	"DROP TABLE IF EXISTS timak_statement",
	"DROP TABLE IF EXISTS timak_replaced",
	"DROP INDEX IF EXISTS timak_outbox_row",
}

// sqliteDraw makes timak_statement hold the statement's version, at least that
// of {pending}, the primary keys about to be recorded, and above all that
// {waiting} finds: what others have recorded since the last statement, or anybody
// where the row is missing. Within a statement there is nothing of that.
const sqliteDraw = `INSERT INTO timak_statement (one, mark, version)
	VALUES (1, total_changes() + 1 - {last}, max({now}, {pending}, {waiting}))
	ON CONFLICT (one) DO UPDATE SET mark = excluded.mark, version = max(timak_statement.version + 2, excluded.version)
	WHERE timak_statement.mark <> excluded.mark - 1 OR timak_statement.version < excluded.version`

// sqliteMark makes up for a change of ours to another table, and for itself.
const sqliteMark = `UPDATE timak_statement SET mark = mark + changes() + 1`

const (
	// The sequence is written when a statement ends, and outlives the rows.
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
		return triggerSet{}, fmt.Errorf("timakgorm: triggers of %s: expected a table of the database main: "+
			"SQLite's triggers cannot reach the outbox from another", m.Table)
	}
	unique, err := uniqueSets(m)
	if err != nil {
		return triggerSet{}, fmt.Errorf("timakgorm: triggers of %s: %w", m.Table, err)
	}
	w := &sqliteWriter{model: m, unique: unique}
	w.set.shared = sqliteTables
	w.set.up = slices.Concat([]string{"DROP TABLE IF EXISTS timak_replaced"}, sqliteTables) // it may have other columns
	w.replacements()
	w.inserts()
	w.updates()
	w.deletes()
	return w.set, nil
}

// trigger adds a trigger: its event, its condition, and the statements of its
// body. The table comes last in its name, and no name of ours begins with
// another, so that those of two tables cannot be the same.
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

// draw draws a version for rows of some primary keys, each argument a list or a
// subquery.
func (w *sqliteWriter) draw(keys ...string) string {
	pending := make([]string, len(keys))
	for i, list := range keys {
		pending[i] = fmt.Sprintf(sqlitePending, list)
	}
	return strings.ReplaceAll(sqliteDraw, "{pending}", strings.Join(pending, ", "))
}

// record records one row: its primary key, and its image before and after.
func (w *sqliteWriter) record(pk, old, now string) string {
	return sqliteRecord + "SELECT {name}, " + pk + ", " + old + ", " + now + ", s.version FROM timak_statement s"
}

// recordChanged records those rows of a subquery, pk, old and new, that have
// changed.
func (w *sqliteWriter) recordChanged(rows ...string) string {
	return sqliteRecord + "SELECT {name}, c.pk, c.old, c.new, s.version FROM timak_statement s, (\n\t\t" +
		strings.Join(rows, " UNION ALL\n\t\t") + "\n\t) c WHERE c.old IS NOT c.new"
}

func (w *sqliteWriter) table() string { return sqltext.QuotePart(sqltext.Unqualified(w.model.Table)) }

func (w *sqliteWriter) pk(alias string) string { return dialect.SQLite.PKOf(w.model, alias) }

// image is that of a row which is to be seen, whole.
func (w *sqliteWriter) image(alias string) string {
	return dialect.SQLite.ObjectOf(w.model.Columns, dialect.Qualifies(alias))
}

// imageOrNone is NULL for a row that is not to be seen.
func (w *sqliteWriter) imageOrNone(alias string) string {
	return dialect.CaseWhen(dialect.Seen(w.model, alias), w.image(alias))
}

// now is the image of the row that the table holds now under the primary key of
// another. It may not be what the event has written: a trigger of the user's or a
// foreign key may have changed the row again, and have been recorded first.
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

// updates tells an update from one of the primary key, which removes a row and
// adds another.
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

// updateOf is an update of some fields. SQLite compiles all triggers of an event
// with every statement, which for one row takes longer than to run it; so those
// of the primary key say so. Others have no list of columns: an update of what a
// generated column is made from would not be in it. A primary key has none.
func (w *sqliteWriter) updateOf(moment string, fields []*schema.Field) string {
	if slices.ContainsFunc(fields, func(field *schema.Field) bool { return !slices.Contains(w.model.Keys, field) }) {
		return moment + " UPDATE"
	}
	columns := dialect.Columns(fields, func(field *schema.Field) string { return sqltext.QuotePart(field.DBName) })
	return moment + " UPDATE OF " + strings.Join(append(columns, "rowid", "oid", "_rowid_"), ", ")
}

// sameKeys is the condition that a row p has a primary key, byte by byte. A text
// is compared in the collation of its column first, which an index has.
func sameKeys(keys []*schema.Field, value func(*schema.Field) string) string {
	return strings.Join(dialect.Columns(keys, func(field *schema.Field) string {
		same := dialect.Qualifies("p")(field) + " IS " + value(field)
		if model.Whole(field) {
			return same
		}
		return same + " AND " + same + " COLLATE BINARY"
	}), " AND ")
}

// changed is the condition that one of the columns is another, byte by byte.
func changed(fields []*schema.Field) string {
	return strings.Join(dialect.Columns(fields, func(field *schema.Field) string {
		return dialect.Qualifies("old")(field) + " IS NOT " + dialect.Qualifies("new")(field) + " COLLATE BINARY"
	}), " OR ")
}
