package timakgorm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"gorm.io/gorm/schema"
)

// postgresEvents are the triggers of a table on Postgres: when each fires, and
// the rows that it records. All are statement-level: a statement about many
// rows costs one call, and its rows share one version.
var postgresEvents = []struct {
	name, when string
	rows       func(m *model) string
}{
	{"timak_insert", "AFTER INSERT ON {table} REFERENCING NEW TABLE AS timak_new", insertedRows},
	{"timak_update", "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS timak_old NEW TABLE AS timak_new", updatedRows},
	{"timak_delete", "AFTER DELETE ON {table} REFERENCING OLD TABLE AS timak_old", func(m *model) string { return removedRows(m, "timak_old") }},
	// No trigger gets the rows that TRUNCATE removes: they are read before it.
	{"timak_truncate", "BEFORE TRUNCATE ON {table}", func(m *model) string { return removedRows(m, quoteName(m.table)) }},
}

// postgresFunction records the rows of a statement. The clock is read once, when
// they are all locked; see recordSQL for the rest of the version. The query has
// no variables, so that it is planned once a session, and has to do for one row
// and for many, for an outbox that was empty then and holds a million changes
// now: so the version is looked up in its index, and nothing is compiled, which
// would take far longer than to run it for one row.
const postgresFunction = `CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SET jit = off SET enable_seqscan = off{path} AS {quote}
-- ` + hashMark + `: made from the rules of {table}; do not edit.
BEGIN
	INSERT INTO {schema}timak_outbox (tbl, pk, old, new, version)
	SELECT {name}, c.pk, c.old, c.new, (
		SELECT greatest(
			b.now,
			(SELECT high + 2 FROM {schema}timak_clock),
			(SELECT o.version + 2 FROM {schema}timak_outbox o WHERE o.version > b.now - 2 ORDER BY o.version DESC LIMIT 1)
		)
		FROM (SELECT (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now OFFSET 0) b
	)
	FROM (
		{rows}
	) c;
	RETURN NULL;
END
{quote}`

// The session that writes the table may have another search_path than the one
// that makes the triggers. So the outbox is named with its schema where that is
// known; elsewhere the functions keep the path, at some 20 µs a call.
const (
	pathMark   = "{path}"
	schemaMark = "{schema}"
	keptPath   = " SET search_path FROM CURRENT"
)

// placed names the outbox in a statement of a trigger set: by its schema, quoted
// and with a dot, or by the path if that is "". What reads the table itself, as
// the function for TRUNCATE does, needs the path.
func placed(statement, schema string) string {
	path := ""
	if schema == "" || strings.Contains(statement, "timak_truncate") {
		path, schema = keptPath, ""
	}
	return strings.NewReplacer(pathMark, path, schemaMark, schema).Replace(statement)
}

func postgresTriggers(m *model) triggerSet {
	var s triggerSet
	for _, event := range postgresEvents {
		rows := event.rows(m)
		fill := strings.NewReplacer(
			"{table}", quoteName(m.table),
			"{function}", postgresFunctionName(m.table, event.name),
			"{trigger}", event.name,
			"{name}", quoteText(m.table),
			"{rows}", rows,
			"{quote}", dollars(rows+m.table),
		)
		drop := fill.Replace("DROP TRIGGER IF EXISTS {trigger} ON {table}")
		s.names = append(s.names, event.name)
		s.up = append(s.up, drop, fill.Replace(postgresFunction),
			fill.Replace("CREATE TRIGGER {trigger} "+event.when+" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"))
		s.down = append(s.down, drop, fill.Replace("DROP FUNCTION IF EXISTS {function}()"))
	}
	return s
}

// postgresFunctionName names a trigger's function, in the table's schema. Postgres
// would cut a name of more than 63 bytes, which may make one of two.
func postgresFunctionName(table, trigger string) string {
	bare := unqualified(table)
	name := trigger + "_" + bare
	if len(name) > 63 {
		sum := sha256.Sum256([]byte(bare))
		name = trigger + "_" + hex.EncodeToString(sum[:16])
	}
	return quoteName(strings.TrimSuffix(table, bare) + name)
}

// dollars returns marks that quote a text.
func dollars(text string) string {
	mark := "$timak$"
	for strings.Contains(text, mark) {
		mark = strings.TrimSuffix(mark, "$") + "k$"
	}
	return mark
}

func insertedRows(m *model) string {
	rows := fmt.Sprintf("SELECT %s AS pk, NULL::jsonb AS old, to_jsonb(n_image.*) AS new FROM timak_new n%s",
		postgresPK(m, qualifies("n")), imageAs(m, "n"))
	return joined("\n\t\tWHERE ", rows, seen(m, "n"))
}

func removedRows(m *model, from string) string {
	rows := fmt.Sprintf("SELECT %s AS pk, to_jsonb(d_image.*) AS old, NULL::jsonb AS new FROM %s d%s",
		postgresPK(m, qualifies("d")), from, imageAs(m, "d"))
	return joined("\n\t\tWHERE ", rows, seen(m, "d"))
}

// updatedRows pairs the rows before and after: one whose primary key was changed
// is removed and added. Rows whose columns are the same byte by byte are left
// out before an image is made. Equality would not do: it ignores case in some
// collations, and json has none.
func updatedRows(m *model) string {
	first := m.keys[0]
	either := func(field *schema.Field) string {
		return "coalesce(" + qualifies("n")(field) + ", " + qualifies("d")(field) + ")"
	}
	return fmt.Sprintf(`SELECT %s AS pk,
			%s AS old,
			%s AS new
		FROM timak_old d FULL JOIN timak_new n ON %s%s%s
		WHERE %s`,
		postgresPK(m, either),
		provided(joined(" AND ", qualifies("d")(first)+" IS NOT NULL", seen(m, "d")), "to_jsonb(d_image.*)"),
		provided(joined(" AND ", qualifies("n")(first)+" IS NOT NULL", seen(m, "n")), "to_jsonb(n_image.*)"),
		strings.Join(each(m.keys, sameKey), " AND "), imageAs(m, "d"), imageAs(m, "n"),
		joined(" AND ", fmt.Sprintf("ROW(%s)::record *<> ROW(%s)::record",
			strings.Join(each(watched(m), qualifies("d")), ", "),
			strings.Join(each(watched(m), qualifies("n")), ", ")), eitherSeen(m)))
}

// postgresPK is pkOf for a FROM item's columns. What it makes of integers is made
// in a quarter of the time by joining them.
func postgresPK(m *model, column func(*schema.Field) string) string {
	for _, field := range m.keys {
		if !isInteger(field) {
			return fmt.Sprintf(postgres.array, strings.Join(each(m.keys, column), ", "))
		}
	}
	return "'[' || " + strings.Join(each(m.keys, column), " || ', ' || ") + " || ']'"
}

// imageAs is a part of a FROM clause: the columns of the image of a row that goes
// by an alias, as a row. to_jsonb makes of it what jsonb_build_object makes of
// names and values, in less time: it need not find out the type of each value.
func imageAs(m *model, alias string) string {
	columns := each(m.columns, func(field *schema.Field) string {
		return postgres.value(field, qualifies(alias)(field)) + " AS " + quotePart(field.DBName)
	})
	return fmt.Sprintf("\n\t\tCROSS JOIN LATERAL (SELECT %s) %s_image", strings.Join(columns, ", "), alias)
}

// eitherSeen is the condition that one of the rows of a pair is to be seen.
func eitherSeen(m *model) string {
	if seen(m, "d") == "" {
		return ""
	}
	first := m.keys[0]
	return fmt.Sprintf("(%s IS NOT NULL AND %s OR %s IS NOT NULL AND %s)",
		qualifies("d")(first), seen(m, "d"), qualifies("n")(first), seen(m, "n"))
}

// sameKey is the condition that a column of the primary key is the same, texts
// byte by byte.
func sameKey(field *schema.Field) string {
	cast := ""
	if kindOf(field) == schema.String && !strings.HasPrefix(strings.ToLower(string(field.DataType)), "uuid") {
		cast = `::text COLLATE "C"`
	}
	return qualifies("d")(field) + cast + " = " + qualifies("n")(field) + cast
}
