package timakgorm

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"
)

// SQLite has row-level triggers only. What they share between the rows of a
// statement is kept in two tables of ours.
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
// disturb the count in the midst of a statement: its rows get rising versions
// then, which is wrong only for rows that trade a place among them. The marks of
// two connections may be the same by chance: the second goes on with the version
// of the first then, which is above those of all statements before, too. Only a
// row that has that version already draws another.
//
// timak_replaced holds the rows that the row about to be written would replace,
// if the statement is an INSERT OR REPLACE or an UPDATE OR REPLACE: SQLite calls
// no trigger for the rows that these delete (but with PRAGMA recursive_triggers).
// Nothing tells such a statement from others; so each row that is in the way is
// noted before, and is recorded after the write if it is gone.
var sqliteTables = []string{
	"CREATE TABLE IF NOT EXISTS timak_statement (\n\tone integer PRIMARY KEY CHECK (one = 1),\n\tmark integer NOT NULL,\n\tversion integer NOT NULL\n)",
	"INSERT OR IGNORE INTO timak_statement (one, mark, version) VALUES (1, 0, 0)",
	"CREATE TABLE IF NOT EXISTS timak_replaced (\n\ttbl text NOT NULL,\n\tpk text NOT NULL,\n\told text NOT NULL,\n\tPRIMARY KEY (tbl, pk)\n)",
}

// sqliteDraw makes timak_statement hold the statement's version, at least that
// of {pending}, the primary keys about to be recorded.
const sqliteDraw = `UPDATE timak_statement SET mark = total_changes() + 1 - {last},
		version = max(version + 2, {now}, {pending})
	WHERE mark <> total_changes() - {last} OR version < max({now}, {pending})`

// sqliteMark is the mark of the statement under way after other changes of ours.
const sqliteMark = `UPDATE timak_statement SET mark = total_changes() + 1 - {last}`

const (
	// The sequence is written when a statement ends, and outlives the rows.
	sqliteLast    = "max(coalesce((SELECT max(id) FROM timak_outbox), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'timak_outbox'), 0))"
	sqliteNow     = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS integer) * 1000, coalesce((SELECT high + 2 FROM timak_clock), 0)"
	sqlitePending = "coalesce((SELECT max(o.version) + 2 FROM timak_outbox o WHERE o.tbl = {name} AND o.pk IN (%s)), 0)"
)

const sqliteRecord = "INSERT INTO timak_outbox (tbl, pk, old, new, version) "

// sqliteWriter writes the triggers of one table.
type sqliteWriter struct {
	model *model
	set   triggerSet
}

func sqliteTriggers(m *model) (triggerSet, error) {
	if schema := schemaOf(m.table); schema != "" && schema != "main" {
		return triggerSet{}, fmt.Errorf("timakgorm: triggers of %s: expected a table of the database main: "+
			"SQLite's triggers cannot reach the outbox from another", m.table)
	}
	w := &sqliteWriter{model: m}
	w.set.up = slices.Clone(sqliteTables)
	w.inserts()
	w.updates()
	w.deletes()
	w.replacements()
	return w.set, nil
}

// trigger adds a trigger: its event, its condition, "" for none, and the
// statements of its body.
func (w *sqliteWriter) trigger(name, event, when string, body ...string) {
	bare := unqualified(w.model.table)
	full := "timak_" + bare + "_" + name
	if when != "" {
		when = "WHEN " + when + "\n"
	}
	drop := "DROP TRIGGER IF EXISTS " + quotePart(full)
	create := fmt.Sprintf("CREATE TRIGGER %s %s ON %s FOR EACH ROW\n%sBEGIN\n\t/* %s: made from the rules; do not edit. */\n\t%s;\nEND",
		quotePart(full), event, quotePart(bare), when, hashMark, strings.Join(body, ";\n\t"))
	w.set.names = append(w.set.names, full)
	w.set.up = append(w.set.up, drop, w.fill(create))
	w.set.down = append(w.set.down, drop)
}

func (w *sqliteWriter) fill(text string) string {
	return strings.NewReplacer("{last}", sqliteLast, "{now}", sqliteNow, "{name}", quoteText(w.model.table)).Replace(text)
}

func (w *sqliteWriter) draw(keys ...string) string {
	pending := fmt.Sprintf(sqlitePending, strings.Join(keys, ", "))
	return strings.ReplaceAll(sqliteDraw, "{pending}", pending)
}

func (w *sqliteWriter) pk(alias string) string { return sqlite.pkOf(w.model, alias) }

// image is that of a row which is to be seen, whole.
func (w *sqliteWriter) image(alias string) string {
	return sqlite.objectOf(w.model.columns, qualifies(alias))
}

// imageOrNone is NULL for a row that is not to be seen.
func (w *sqliteWriter) imageOrNone(alias string) string {
	return provided(seen(w.model, alias), w.image(alias))
}

// noted is the image of the row which had a row's primary key and has been
// replaced, if any.
func (w *sqliteWriter) noted(alias string) string {
	return "(SELECT r.old FROM timak_replaced r WHERE r.tbl = {name} AND r.pk = " + w.pk(alias) + ")"
}

func (w *sqliteWriter) inserts() {
	condition := seen(w.model, "new")
	if condition != "" {
		condition += " OR EXISTS " + w.noted("new")
	}
	w.trigger("insert", "AFTER INSERT", condition,
		w.draw(w.pk("new")),
		sqliteRecord+"SELECT {name}, "+w.pk("new")+", "+w.noted("new")+", "+w.imageOrNone("new")+", s.version FROM timak_statement s")
}

// updates tells an update from one of the primary key, which removes a row and
// adds another. There is no list of columns: an update of what a generated
// column is made from, or of rowid, would not be in it.
func (w *sqliteWriter) updates() {
	m := w.model
	moved := changed(m.keys)
	visible := ""
	if seen(m, "old") != "" {
		visible = "(" + seen(m, "old") + " OR " + seen(m, "new") + ")"
	}
	w.trigger("update", "AFTER UPDATE", joined(" AND ", "("+changed(watched(m))+")", "NOT ("+moved+")", visible),
		w.draw(w.pk("new")),
		sqliteRecord+"SELECT {name}, "+w.pk("new")+", "+w.imageOrNone("old")+", "+w.imageOrNone("new")+", s.version FROM timak_statement s")
	w.trigger("move", "AFTER UPDATE", moved,
		w.draw(w.pk("old"), w.pk("new")),
		sqliteRecord+"SELECT {name}, c.pk, c.old, c.new, s.version FROM timak_statement s, (\n\t\t"+
			"SELECT "+w.pk("old")+" AS pk, "+w.imageOrNone("old")+" AS old, NULL AS new UNION ALL\n\t\t"+
			"SELECT "+w.pk("new")+", "+w.noted("new")+", "+w.imageOrNone("new")+"\n\t) c WHERE c.old IS NOT c.new")
}

func (w *sqliteWriter) deletes() {
	w.trigger("delete", "AFTER DELETE", seen(w.model, "old"),
		w.draw(w.pk("old")),
		sqliteRecord+"SELECT {name}, "+w.pk("old")+", "+w.image("old")+", NULL, s.version FROM timak_statement s")
}

// replacements notes the rows that are in the way of a new one, and records
// those that are gone after it. One with the same primary key is recorded with
// the new row.
func (w *sqliteWriter) replacements() {
	m := w.model
	const left = "EXISTS (SELECT 1 FROM timak_replaced r WHERE r.tbl = {name})"
	table := quotePart(unqualified(m.table))
	inTheWay := joined(" AND ", "("+strings.Join(w.conflicts(), " OR ")+")", seen(m, "p"))
	note := func(rows string) []string {
		return []string{
			w.draw("NULL"),
			"DELETE FROM timak_replaced WHERE tbl = {name}",
			"INSERT INTO timak_replaced (tbl, pk, old) SELECT {name}, " + w.pk("p") + ", " + w.image("p") + rows,
			sqliteMark,
		}
	}
	rows := " FROM " + table + " p WHERE " + inTheWay
	w.trigger("before_insert", "BEFORE INSERT", left+" OR EXISTS (SELECT 1"+rows+")", note(rows)...)
	others := rows + " AND NOT (" + equal(m.keys, "p", "old") + ")"
	w.trigger("before_update", "BEFORE UPDATE", "("+changed(w.conflictFields())+") AND ("+left+" OR EXISTS (SELECT 1"+others+"))", note(others)...)

	gone := " FROM timak_replaced r WHERE r.tbl = {name} AND r.pk <> " + w.pk("new") +
		" AND NOT EXISTS (SELECT 1 FROM " + table + " p WHERE " + w.notedKey() + ")"
	record := []string{
		w.draw("SELECT r.pk" + gone),
		sqliteRecord + "SELECT r.tbl, r.pk, r.old, NULL, s.version FROM timak_statement s," + strings.TrimPrefix(gone, " FROM"),
	}
	w.trigger("insert_replaced", "AFTER INSERT", left, record...)
	w.trigger("update_replaced", "AFTER UPDATE", "("+changed(w.conflictFields())+") AND "+left, record...)
}

// notedKey is the condition that a row p has the primary key of a noted row r.
func (w *sqliteWriter) notedKey() string {
	var parts []string
	for i, field := range w.model.keys {
		parts = append(parts, fmt.Sprintf("%s = json_extract(r.pk, '$[%d]')", qualifies("p")(field), i))
	}
	return strings.Join(parts, " AND ")
}

// unique returns the sets of columns that no two rows of a model may share.
func (w *sqliteWriter) unique() [][]*schema.Field {
	sets := [][]*schema.Field{w.model.keys}
	for _, field := range w.model.schema.Fields {
		if field.DBName != "" && field.Unique {
			sets = append(sets, []*schema.Field{field})
		}
	}
	for _, index := range w.model.schema.ParseIndexes() {
		var fields []*schema.Field
		for _, option := range index.Fields {
			if option.Expression == "" {
				fields = append(fields, option.Field)
			}
		}
		if index.Class == "UNIQUE" && len(fields) == len(index.Fields) {
			sets = append(sets, fields)
		}
	}
	return sets
}

// conflicts are conditions that a row p is in the way of the new one.
func (w *sqliteWriter) conflicts() []string {
	var conditions []string
	for _, fields := range w.unique() {
		conditions = append(conditions, equal(fields, "p", "new"))
	}
	return conditions
}

func (w *sqliteWriter) conflictFields() []*schema.Field {
	var all []*schema.Field
	for _, fields := range w.unique() {
		for _, field := range fields {
			if !slices.Contains(all, field) {
				all = append(all, field)
			}
		}
	}
	return all
}

func equal(fields []*schema.Field, a, b string) string {
	return strings.Join(each(fields, func(field *schema.Field) string {
		return qualifies(a)(field) + " = " + qualifies(b)(field)
	}), " AND ")
}

// changed is the condition that one of the columns is another, byte by byte.
func changed(fields []*schema.Field) string {
	return strings.Join(each(fields, func(field *schema.Field) string {
		return qualifies("old")(field) + " IS NOT " + qualifies("new")(field) + " COLLATE BINARY"
	}), " OR ")
}
