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

// uniqueSet is a unique key of a table: columns, or expressions of columns.
type uniqueSet struct {
	fields []*schema.Field
	met    string // the condition that a row p shares the key with the new row
}

// uniqueSets returns the unique keys that a model declares, its primary key first.
func uniqueSets(m *model.Model) ([]uniqueSet, error) {
	sets := []uniqueSet{uniqueColumns(m.Keys...)}
	for _, field := range m.Schema.Fields {
		if field.DBName != "" && field.Unique {
			sets = append(sets, uniqueColumns(field))
		}
	}
	for _, index := range m.Schema.ParseIndexes() {
		if index.Class != "UNIQUE" {
			continue
		}
		set, err := uniqueIndex(m, index)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, nil
}

func uniqueColumns(fields ...*schema.Field) uniqueSet {
	return uniqueSet{fields, strings.Join(dialect.Columns(fields, func(field *schema.Field) string {
		return dialect.Qualifies("p")(field) + " = " + dialect.Qualifies("new")(field)
	}), " AND ")}
}

// uniqueIndex compares as the index does: in its collations, and by the values of its
// expressions. For a partial index it finds more rows than would be replaced, which
// does no harm.
func uniqueIndex(m *model.Model, index *schema.Index) (uniqueSet, error) {
	var set uniqueSet
	var parts []string
	plain := true
	for _, option := range index.Fields {
		part, fields, err := uniquePart(m, option)
		if err != nil {
			return set, fmt.Errorf("unique index %s: %w", index.Name, err)
		}
		parts = append(parts, part)
		set.fields = append(set.fields, fields...)
		plain = plain && option.Expression == "" && option.Collate == ""
	}
	set.met = strings.Join(parts, " AND ")
	if !plain { // as one of several conditions it would keep SQLite from using the index
		keys := strings.Join(dialect.Columns(m.Keys, dialect.Qualifies("p")), ", ")
		set.met = fmt.Sprintf("(%s) IN (SELECT %s FROM %s p WHERE %s)", keys, keys, sqltext.QuotePart(sqltext.Unqualified(m.Table)), set.met)
	}
	return set, nil
}

// uniquePart returns the condition that a row p and the new row agree in one part of
// an index, and the fields of that part.
func uniquePart(m *model.Model, option schema.IndexOption) (part string, fields []*schema.Field, err error) {
	fields = []*schema.Field{option.Field}
	part = dialect.Qualifies("p")(option.Field) + " = " + dialect.Qualifies("new")(option.Field)
	if option.Expression != "" {
		if fields = fieldsNamed(m, option.Expression); len(fields) == 0 {
			return "", nil, fmt.Errorf("expected its expression %q to name a column of the model", option.Expression)
		}
		part = fmt.Sprintf("(%s) = (SELECT %s FROM (SELECT %s))", option.Expression, option.Expression,
			strings.Join(dialect.Columns(fields, func(field *schema.Field) string {
				return dialect.Qualifies("new")(field) + " AS " + sqltext.QuotePart(field.DBName)
			}), ", "))
	}
	if option.Collate != "" {
		part += " COLLATE " + option.Collate
	}
	return part, fields, nil
}

// fieldsNamed returns the fields whose columns an expression names, and perhaps others.
func fieldsNamed(m *model.Model, expression string) []*schema.Field {
	var named []*schema.Field
	for _, field := range m.Schema.Fields {
		if field.DBName != "" && strings.Contains(strings.ToLower(expression), strings.ToLower(field.DBName)) {
			named = append(named, field)
		}
	}
	return named
}

// uniqueFields returns the fields of all unique keys.
func (w *sqliteWriter) uniqueFields() []*schema.Field {
	var all []*schema.Field
	for _, set := range w.unique {
		for _, field := range set.fields {
			if !slices.Contains(all, field) {
				all = append(all, field)
			}
		}
	}
	return all
}

// replacements follows INSERT OR REPLACE and UPDATE OR REPLACE. SQLite fires no
// trigger for the rows that these delete, unless PRAGMA recursive_triggers is on, and
// nothing distinguishes such a statement from others. So before a write each row that
// conflicts with the new row is noted, with the new row as its writer, and after the
// write it is recorded if it is gone or has changed. A row that is unchanged was not
// replaced: the write was an upsert, or was ignored. A row with the writer's own
// primary key is recorded together with the writer.
//
// The user's triggers may write the same table in between. Their rows are other
// writers. If they replace the writer's row by one like it, the note keeps what the
// outbox knows, as the writer's row is not recorded yet.
//
// A note belongs to the moment of its statement: SQLite's 'now' stays the same during
// a statement. Another statement within the same millisecond may find the note of a
// write that was ignored, or one that has been used and settled since: the note is
// corrected before it is used. The sequence tells, as it moves when a statement ends.
func (w *sqliteWriter) replacements() {
	unique := "(" + changed(w.uniqueFields()) + ")"
	conflicting := w.conflicting()
	w.noteBefore("before_insert", "BEFORE INSERT", "", conflicting)
	w.noteBefore("before_update", w.updateOf("BEFORE", w.uniqueFields()), unique, conflicting+" AND NOT ("+sameKeys(w.model.Keys, dialect.Qualifies("old"))+")")

	// SQLite fires the newest trigger first. These must fire after the others of the
	// same event, which also look for notes, so they are created before them.
	w.drop("replaced_by_insert")
	w.drop("replaced_by_update")
	if noted := w.notesOf(true); !w.notesSelf() {
		w.trigger("replaced_by_insert", "AFTER INSERT", w.anyNoted(noted), slices.Concat(
			w.draw(w.pk("new"), "SELECT r.pk"+noted),
			[]string{w.recordChanged("SELECT "+w.pk("new")+" AS pk, "+w.notedImage(noted)+" AS old, "+w.now("new")+" AS new", w.notedOthers(noted))},
			w.marked(w.forget(noted)))...)
	}
	if noted := w.notesOf(false); !w.onlyKeys() {
		w.trigger("replaced_by_update", w.updateOf("AFTER", w.uniqueFields()), dialect.Joined(" AND ", unique, "NOT ("+changed(w.model.Keys)+")", w.anyNoted(noted)), slices.Concat(
			w.draw("SELECT r.pk"+noted),
			[]string{w.recordChanged(w.notedOthers(noted))},
			w.marked(w.forget(noted)))...)
	}
}

// onlyKeys reports whether a row conflicts only with the one that has its own primary
// key: that consists of integers, which no collation takes for each other, and nothing
// else is unique.
func (w *sqliteWriter) onlyKeys() bool {
	return len(w.unique) == 1 && !slices.ContainsFunc(w.model.Keys, func(key *schema.Field) bool { return !model.Whole(key) })
}

// notesSelf reports whether the trigger that records an inserted row also records the
// row that it replaces. It need not know whether the note is still true, and leaves
// it: as rows do not trade places, one removal too many removes nothing.
func (w *sqliteWriter) notesSelf() bool { return w.onlyKeys() && !w.trades }

// conflicting returns a FROM clause of the rows p that the new row would replace.
func (w *sqliteWriter) conflicting() string {
	var met []string
	for _, set := range w.unique {
		met = append(met, set.met)
	}
	return " FROM " + w.table() + " p WHERE " + dialect.Joined(" AND ", "("+strings.Join(met, " OR ")+")", dialect.Seen(w.model, "p"))
}

// moment is SQL for the time, which stays the same during a statement.
const moment = "julianday('now')"

// noteBefore notes the conflicting rows. A note that exists already is the writer's
// own, unless the row has changed since and that is recorded: then the note is left
// from a write that was ignored, and is replaced.
func (w *sqliteWriter) noteBefore(name, event, when, conflicting string) {
	const recorded = "(SELECT o.new FROM timak_outbox o WHERE o.id > timak_replaced.newest AND o.tbl = {name} AND o.pk = excluded.pk ORDER BY o.id DESC LIMIT 1)"
	conflicts, past := "EXISTS (SELECT 1"+conflicting+")", "at < "+moment+" OR at > "+moment
	if !w.notesSelf() {
		past += " OR " + w.writtenBy(false) + " AND NOT " + conflicts
		conflicts = "(" + w.anyNoted(w.notesOf(false)) + " OR " + conflicts + ")"
	}
	note := "INSERT INTO timak_replaced (at, tbl, writer, pk, old, newest) SELECT " + moment + ", {name}, " + w.writer(false) + ", " + w.pk("p") + ", " + w.image("p") +
		", {last}" + conflicting +
		"\n\tON CONFLICT (at, tbl, writer, pk) DO UPDATE SET old = excluded.old, newest = excluded.newest" +
		" WHERE coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'timak_outbox'), 0) > timak_replaced.newest OR " + recorded + " IS excluded.old"
	w.trigger(name, event, dialect.Joined(" AND ", when, conflicts),
		append(w.marked("DELETE FROM timak_replaced WHERE "+past), w.marked(note)...)...)
}

// writer returns SQL for the values that identify a row to be written in a note: those
// of all its unique keys. Before an insert, a row id that SQLite will assign is -1.
func (w *sqliteWriter) writer(undrawn bool) string {
	return fmt.Sprintf(dialect.SQLite.Array, strings.Join(dialect.Columns(w.uniqueFields(), func(field *schema.Field) string {
		if undrawn && field == w.model.Keys[0] {
			return "-1"
		}
		return dialect.SQLite.Value(field, dialect.Qualifies("new")(field))
	}), ", "))
}

// writtenBy returns the condition that a note is of the new row; drawn says that
// SQLite may have assigned its row id since. Without another unique key, a row without
// a row id would have had no conflict.
func (w *sqliteWriter) writtenBy(drawn bool) string {
	writers := w.writer(false)
	if drawn && len(w.model.Keys) == 1 && model.Whole(w.model.Keys[0]) && len(w.unique) > 1 {
		writers += ", " + w.writer(true)
	}
	return "at = " + moment + " AND tbl = {name} AND writer IN (" + writers + ")"
}

// notesOf returns a FROM clause of the notes r of the new row.
func (w *sqliteWriter) notesOf(drawn bool) string {
	return " FROM timak_replaced r WHERE " + w.writtenBy(drawn)
}

func (w *sqliteWriter) anyNoted(noted string) string { return "EXISTS (SELECT 1" + noted + ")" }

// notedImage returns the image of the replaced row that had the new row's primary key;
// NULL if there is none.
func (w *sqliteWriter) notedImage(noted string) string {
	return "(SELECT r.old" + noted + " AND r.pk = " + w.pk("new") + ")"
}

// notedOthers selects the noted rows with other primary keys, as they were and are now.
func (w *sqliteWriter) notedOthers(noted string) string {
	now := w.nowUnder(func(field *schema.Field) string {
		return fmt.Sprintf("json_extract(r.pk, '$[%d]')", slices.Index(w.model.Keys, field))
	})
	return "SELECT r.pk AS pk, r.old AS old, " + now + " AS new" + noted + " AND r.pk <> " + w.pk("new")
}

// forget deletes notes that have been recorded.
func (w *sqliteWriter) forget(noted string) string {
	return "DELETE" + strings.Replace(noted, " r ", " ", 1)
}
