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

// uniqueSet is what no two rows of a table may share: columns, or expressions of
// them.
type uniqueSet struct {
	fields []*schema.Field
	met    string // the condition that a row p has what the new one has
}

// uniqueSets returns those that a model declares, its primary key first.
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

// uniqueIndex compares as the index does: in its collations, and by what its
// expressions make of a row. Where it is a partial one, more rows are in the way
// than would be replaced, which does no harm.
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
	if !plain { // SQLite would not use the index where the condition is one of several
		keys := strings.Join(dialect.Columns(m.Keys, dialect.Qualifies("p")), ", ")
		set.met = fmt.Sprintf("(%s) IN (SELECT %s FROM %s p WHERE %s)", keys, keys, sqltext.QuotePart(sqltext.Unqualified(m.Table)), set.met)
	}
	return set, nil
}

// uniquePart compares a row p and the new one in one part of an index, and
// returns the fields that are in it.
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

// fieldsNamed returns the fields whose columns an expression names, and maybe
// more.
func fieldsNamed(m *model.Model, expression string) []*schema.Field {
	var named []*schema.Field
	for _, field := range m.Schema.Fields {
		if field.DBName != "" && strings.Contains(strings.ToLower(expression), strings.ToLower(field.DBName)) {
			named = append(named, field)
		}
	}
	return named
}

// uniqueFields are the fields on which it depends what a row replaces.
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

// replacements follows INSERT OR REPLACE and UPDATE OR REPLACE. SQLite calls no
// trigger for the rows that these delete (but with PRAGMA recursive_triggers),
// and nothing tells such a statement from others. So each row that is in the way
// of a new one is noted before, with the new one as its writer, and is recorded
// after the write if it is gone or another. One that still has its place has not
// been replaced: the write was an upsert, or was ignored. One with the writer's
// own primary key is recorded with it.
//
// Triggers of the user's may write the same table in the midst of that. Their
// rows are other writers; and when they replace the writer's row by one like it,
// the note stays what the outbox knows: the writer's row is not recorded yet.
//
// A note counts for the moment of its statement, which SQLite's 'now' is all
// along. Another statement within the same millisecond may meet a note of one
// that was ignored: it is set right before it can be used.
func (w *sqliteWriter) replacements() {
	unique := "(" + changed(w.uniqueFields()) + ")"
	conflicting := w.conflicting()
	w.noteBefore("before_insert", "BEFORE INSERT", "", conflicting)
	w.noteBefore("before_update", w.updateOf("BEFORE", w.uniqueFields()), unique, conflicting+" AND NOT ("+sameKeys(w.model.Keys, dialect.Qualifies("old"))+")")

	// SQLite calls the trigger first that was made last: these after those of the
	// same event, which look for notes too.
	noted := w.notesOf(true)
	w.trigger("replaced_by_insert", "AFTER INSERT", w.anyNoted(noted),
		w.draw(w.pk("new"), "SELECT r.pk"+noted),
		w.recordChanged("SELECT "+w.pk("new")+" AS pk, "+w.notedImage(noted)+" AS old, "+w.now("new")+" AS new", w.notedOthers(noted)),
		w.forget(noted), sqliteMark)
	noted = w.notesOf(false)
	w.trigger("replaced_by_update", w.updateOf("AFTER", w.uniqueFields()), dialect.Joined(" AND ", unique, "NOT ("+changed(w.model.Keys)+")", w.anyNoted(noted)),
		w.draw("SELECT r.pk"+noted),
		w.recordChanged(w.notedOthers(noted)),
		w.forget(noted), sqliteMark)
}

// conflicting is a FROM clause of the rows p that the new one would replace.
func (w *sqliteWriter) conflicting() string {
	var met []string
	for _, set := range w.unique {
		met = append(met, set.met)
	}
	return " FROM " + w.table() + " p WHERE " + dialect.Joined(" AND ", "("+strings.Join(met, " OR ")+")", dialect.Seen(w.model, "p"))
}

// moment is the same for all of a statement.
const moment = "julianday('now')"

// noteBefore notes the rows that are in the way. A note that is there already is
// the writer's own, unless the row has become another and that is recorded: then
// it is one of a statement that was ignored.
func (w *sqliteWriter) noteBefore(name, event, when, conflicting string) {
	noted := w.notesOf(false)
	const recorded = "(SELECT o.new FROM timak_outbox o WHERE o.tbl = {name} AND o.pk = excluded.pk ORDER BY o.version DESC LIMIT 1)"
	w.trigger(name, event, dialect.Joined(" AND ", when, "("+w.anyNoted(noted)+" OR EXISTS (SELECT 1"+conflicting+"))"),
		"DELETE FROM timak_replaced WHERE at < "+moment+" OR at > "+moment+
			" OR "+w.writtenBy(false)+" AND NOT EXISTS (SELECT 1"+conflicting+")",
		sqliteMark,
		"INSERT INTO timak_replaced (at, tbl, writer, pk, old) SELECT "+moment+", {name}, "+w.writer(false)+", "+w.pk("p")+", "+w.image("p")+conflicting+
			"\n\tON CONFLICT (at, tbl, writer, pk) DO UPDATE SET old = excluded.old WHERE "+recorded+" IS excluded.old",
		sqliteMark)
}

// writer is what a note says of the row that is to be written: all that is
// unique about it. Before an insert a number that SQLite is to draw is -1.
func (w *sqliteWriter) writer(undrawn bool) string {
	return fmt.Sprintf(dialect.SQLite.Array, strings.Join(dialect.Columns(w.uniqueFields(), func(field *schema.Field) string {
		if undrawn && field == w.model.Keys[0] {
			return "-1"
		}
		return dialect.SQLite.Value(field, dialect.Qualifies("new")(field))
	}), ", "))
}

// writtenBy is the condition that a note is of the new row, whose number may have
// been drawn meanwhile. Without another unique column nothing would have been in
// the way of a row without a number.
func (w *sqliteWriter) writtenBy(drawn bool) string {
	writers := w.writer(false)
	if drawn && len(w.model.Keys) == 1 && model.Whole(w.model.Keys[0]) && len(w.unique) > 1 {
		writers += ", " + w.writer(true)
	}
	return "at = " + moment + " AND tbl = {name} AND writer IN (" + writers + ")"
}

// notesOf is a FROM clause of the notes r of the new row.
func (w *sqliteWriter) notesOf(drawn bool) string {
	return " FROM timak_replaced r WHERE " + w.writtenBy(drawn)
}

func (w *sqliteWriter) anyNoted(noted string) string { return "EXISTS (SELECT 1" + noted + ")" }

// notedImage is the image of the row which had the new one's primary key and has
// been replaced, if any.
func (w *sqliteWriter) notedImage(noted string) string {
	return "(SELECT r.old" + noted + " AND r.pk = " + w.pk("new") + ")"
}

// notedOthers are the rows with other primary keys, as they were and are now.
func (w *sqliteWriter) notedOthers(noted string) string {
	now := w.nowUnder(func(field *schema.Field) string {
		return fmt.Sprintf("json_extract(r.pk, '$[%d]')", slices.Index(w.model.Keys, field))
	})
	return "SELECT r.pk AS pk, r.old AS old, " + now + " AS new" + noted + " AND r.pk <> " + w.pk("new")
}

// forget takes notes away that have been recorded.
func (w *sqliteWriter) forget(noted string) string {
	return "DELETE" + strings.Replace(noted, " r ", " ", 1)
}
