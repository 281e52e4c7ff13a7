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

// sqliteWriter writes the triggers of one table.
type sqliteWriter struct {
	model  *model.Model
	set    triggerSet
	unique []uniqueSet
	trades bool // rows may trade places: see sqliteTables
}

func sqliteTriggers(m *model.Model, trades bool) (triggerSet, error) {
	if schema := sqltext.SchemaOf(m.Table); schema != "" && schema != "main" {
		return triggerSet{}, fmt.Errorf("timakgorm: triggers of %s: expected a table in the database main: "+
			"SQLite's triggers cannot reach the outbox from another database", m.Table)
	}
	unique, err := uniqueSets(m)
	if err != nil {
		return triggerSet{}, fmt.Errorf("timakgorm: triggers of %s: %w", m.Table, err)
	}
	w := &sqliteWriter{model: m, unique: unique, trades: trades}
	w.set.shared = sqliteTables(trades)
	w.set.up = slices.Concat([]string{"DROP TABLE IF EXISTS timak_replaced"}, w.set.shared) // an older one may have other columns
	w.replacements()
	w.inserts()
	w.updates()
	w.deletes()
	return w.set, nil
}

// drop drops a trigger that the rules may not need, and older ones did.
func (w *sqliteWriter) drop(name string) {
	drop := "DROP TRIGGER IF EXISTS " + sqltext.QuotePart("timak_"+name+"_"+sqltext.Unqualified(w.model.Table))
	w.set.up = append(w.set.up, drop)
	w.set.down = append(w.set.down, drop)
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

func (w *sqliteWriter) name() string { return sqltext.QuoteText(w.model.Table) }

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
	return "(SELECT " + w.image("p") + " FROM " + w.table() + " p WHERE " +
		dialect.Joined(" AND ", sameKeys(w.model.Keys, value), dialect.Seen(w.model, "p")) + ")"
}

func (w *sqliteWriter) inserts() {
	seen := dialect.Seen(w.model, "new")
	if w.notesSelf() {
		when := ""
		noted := w.notesOf(false)
		if seen != "" {
			when = seen + " OR " + w.anyNoted(noted)
		}
		w.trigger("insert", "AFTER INSERT", when, w.record(w.pk("new"), w.notedImage(noted), w.now("new")))
		return
	}
	w.trigger("insert", "AFTER INSERT", dialect.Joined(" AND ", seen, "NOT "+w.anyNoted(w.notesOf(true))),
		append(w.draw(w.pk("new")), w.record(w.pk("new"), "NULL", w.now("new")))...)
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
	if fields := besideKeys(m); len(fields) > 0 {
		w.trigger("update", w.updateOf("AFTER", fields), dialect.Joined(" AND ", "("+changed(fields)+")", "NOT ("+moved+")", visible),
			append(w.draw(w.pk("new")), w.record(w.pk("new"), w.imageOrNone("old"), w.now("new")))...)
	}
	noted := w.notesOf(false)
	w.trigger("move", w.updateOf("AFTER", m.Keys), moved, slices.Concat(
		w.draw(w.pk("old")+", "+w.pk("new"), "SELECT r.pk"+noted),
		[]string{w.recordChanged(
			"SELECT "+w.pk("old")+" AS pk, "+w.imageOrNone("old")+" AS old, "+w.now("old")+" AS new",
			"SELECT "+w.pk("new")+", "+w.notedImage(noted)+", "+w.now("new"),
			w.notedOthers(noted)+" AND r.pk <> "+w.pk("old"))},
		w.marked(w.forget(noted)))...)
}

func (w *sqliteWriter) deletes() {
	w.trigger("delete", "AFTER DELETE", dialect.Seen(w.model, "old"),
		append(w.draw(w.pk("old")), w.record(w.pk("old"), w.image("old"), w.now("old")))...)
}

// besideKeys returns the fields on which the image depends, without the primary key.
func besideKeys(m *model.Model) []*schema.Field {
	return slices.DeleteFunc(model.Watched(m), func(field *schema.Field) bool { return slices.Contains(m.Keys, field) })
}

// updateOf returns the event of an update of fields, so that other updates need not
// compile the trigger. It lists their columns, unless one may be generated: that
// changes with the columns from which it is computed. checkGenerated makes sure that
// no other one is.
func (w *sqliteWriter) updateOf(moment string, fields []*schema.Field) string {
	if slices.ContainsFunc(fields, mayBeGenerated) {
		return moment + " UPDATE"
	}
	w.set.listed = append(w.set.listed, fields...)
	columns := dialect.Columns(fields, func(field *schema.Field) string { return sqltext.QuotePart(field.DBName) })
	if slices.ContainsFunc(fields, func(field *schema.Field) bool { return slices.Contains(w.model.Keys, field) }) {
		columns = append(columns, "rowid", "oid", "_rowid_")
	}
	return moment + " UPDATE OF " + strings.Join(columns, ", ")
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
