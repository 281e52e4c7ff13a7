package triggers

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// postgresEvents are the triggers of a table on Postgres: when each fires, and
// the rows that it records. All are statement-level: a statement about many
// rows costs one call, and its rows share one version.
//
// What a row is after the statement is read from the table, and not taken from
// the statement: triggers of the user's, foreign keys and other parts of a WITH
// may have changed the row once more, and their own changes may be recorded
// before or after this one.
var postgresEvents = []struct {
	name, when string
	body       func(m *model.Model) string
}{
	{"timak_insert", "AFTER INSERT ON {table} REFERENCING NEW TABLE AS timak_new", insertedRows},
	{"timak_update", "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS timak_old NEW TABLE AS timak_new", updatedRows},
	{"timak_delete", "AFTER DELETE ON {table} REFERENCING OLD TABLE AS timak_old", deletedRows},
	// No trigger gets the rows that TRUNCATE removes: they are read before it,
	// with those of inheriting tables, which it may leave.
	{"timak_truncate", "BEFORE TRUNCATE ON {table}", truncatedRows},
	{"timak_truncated", "AFTER TRUNCATE ON {table}", remainingRows},
}

// postgresFunction records the rows of a statement. It has the rights of who
// installs it, as a writer may not be allowed to read the table, or not all of
// its rows; nobody else may make a trigger of it, and every name and operator in
// it is written with its schema, so that no search_path of a writer leads
// elsewhere. A trigger stays on a table that is renamed: it is not to speak for
// the one that has the name then. Those of tables below the tracked one have its
// functions, called with an argument.
//
// The query has no variables, so that it is planned once a session, and has to
// do for one row and for many: rows of the table are looked up one by one in the
// index of the primary key, even if the table was empty when it was planned; and
// nothing is compiled, which would take far longer than to run it for one row.
const postgresFunction = `CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET jit = off SET enable_seqscan = off{settings} AS {quote}
-- ` + hashMark + `: made from the rules of {table}; do not edit.
BEGIN
	IF TG_NARGS OPERATOR(pg_catalog.=) 0 AND TG_TABLE_NAME OPERATOR(pg_catalog.<>) {bare} THEN
		RETURN NULL;
	END IF;
	{record};
	RETURN NULL;
END
{quote}`

const recordRows = `INSERT INTO {timak}timak_outbox (tbl, pk, old, new, version)
	SELECT {name}, c.pk, c.old, c.new, (SELECT {timak}timak_version(0))
	FROM (
		{rows}
	) c`

// whoseTrigger stands for the relation on which a trigger was called: the tracked
// one, or one below it.
const whoseTrigger = "{whose}"

// recordOf returns the statement of a function that records rows.
func recordOf(m *model.Model, rows string) string {
	record := strings.NewReplacer("{name}", sqltext.QuoteText(m.Table), "{rows}", rows).Replace(recordRows)
	before, after, dynamic := strings.Cut(record, whoseTrigger)
	if !dynamic {
		return record
	}
	const then = " OPERATOR(pg_catalog.||) "
	return "EXECUTE " + sqltext.QuoteText(before) + then + "TG_RELID::pg_catalog.regclass::pg_catalog.text" + then + sqltext.QuoteText(after)
}

// Where the schemas are known, statements of a trigger set name them: timak's
// own, and that of the tracked table, each quoted and with a dot. Elsewhere they
// name none, and the functions keep the path on which they are made, temporary
// tables last.
const (
	timakMark = "{timak}"
	tableMark = "{its}"
	pathMark  = "-- path of "
	keepPath  = `DO $timak$ BEGIN EXECUTE 'ALTER FUNCTION %s SET search_path = ' ||
	(SELECT string_agg(quote_ident(s), ', ') FROM unnest('{pg_catalog}'::name[] || current_schemas(false) || '{pg_temp}'::name[]) s); END $timak$`
)

// schemas are those of the names in a trigger set, as statements write them. The
// zero schemas are unknown.
type schemas struct{ timak, table string }

// placed writes a statement of a trigger set for the schemas of its names; "" for
// one that is not needed there.
func placed(statement string, in schemas) string {
	if function, path := strings.CutPrefix(statement, pathMark); path {
		if in != (schemas{}) {
			return ""
		}
		return fmt.Sprintf(keepPath, strings.ReplaceAll(function, "'", "''"))
	}
	return strings.NewReplacer(timakMark, in.timak, tableMark, in.table).Replace(statement)
}

func postgresTriggers(m *model.Model) triggerSet {
	var s triggerSet
	for _, event := range postgresEvents {
		record := recordOf(m, event.body(m))
		function := postgresFunctionName(m.Table, event.name)
		if event.name == "timak_truncate" {
			record = truncateCheck + record
		}
		fill := strings.NewReplacer(
			"{table}", sqltext.QuoteName(m.Table),
			"{bare}", sqltext.QuoteText(sqltext.Unqualified(m.Table)),
			"{function}", function,
			"{trigger}", event.name,
			"{record}", record,
			"{settings}", postgresSettings(m),
			"{quote}", dollars(record+m.Table),
		)
		drop := fill.Replace("DROP TRIGGER IF EXISTS {trigger} ON {table}")
		s.names = append(s.names, event.name)
		s.up = append(s.up, drop, fill.Replace(postgresFunction), pathMark+function+"()",
			fill.Replace("REVOKE ALL ON FUNCTION {function}() FROM PUBLIC"),
			fill.Replace("CREATE TRIGGER {trigger} "+event.when+" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"))
		s.below = append(s.below, fill.Replace("DROP TRIGGER IF EXISTS {trigger} ON ")+belowMark,
			fill.Replace("CREATE TRIGGER {trigger} "+strings.Replace(event.when, "{table}", belowMark, 1)+" FOR EACH STATEMENT EXECUTE FUNCTION {function}('below')"))
		s.down = append(s.down, drop, fill.Replace("DROP FUNCTION IF EXISTS {function}()"))
	}
	return s
}

// postgresSettings are those that an image of a model depends on. A condition of
// a soft delete may have operators, which are looked for on the path.
func postgresSettings(m *model.Model) string {
	settings := ""
	if m.Visible != "" && !withoutOperators.MatchString(strings.ReplaceAll(m.Visible, m.RowMark, "")) {
		settings += " SET search_path = pg_catalog, pg_temp"
	}
	if slices.ContainsFunc(m.Columns, func(field *schema.Field) bool { return !model.Exact(field) }) {
		return settings + exactSettings
	}
	return settings
}

// exactSettings are those that the texts of values depend on, as timak_json has
// them.
const exactSettings = " SET extra_float_digits = 1 SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET TimeZone = 'UTC' SET bytea_output = 'hex'"

// inFunction is the dialect of a function that has its own settings.
func inFunction() dialect.Dialect {
	d := dialect.Postgres
	d.InSession = false
	return d
}

var withoutOperators = regexp.MustCompile(`^(?i)(?:"(?:[^"]|"")*"|[\s()]|IS|NOT|NULL|AND|OR)*$`)

// truncateCheck refuses a TRUNCATE of rows that its transaction cannot see.
const truncateCheck = `IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.~) '^(repeatable|serializable)' THEN
		RAISE EXCEPTION 'timak: TRUNCATE of % removes rows that a transaction of this isolation level does not see', TG_TABLE_NAME
			USING HINT = 'Use DELETE, or a transaction that is READ COMMITTED.';
	END IF;
	`

// postgresFunctionName names a trigger's function, in the table's schema. Postgres
// would cut a name of more than 63 bytes, which may make one of two.
func postgresFunctionName(table, trigger string) string {
	bare := sqltext.Unqualified(table)
	name := trigger + "_" + bare
	if len(name) > 63 {
		sum := sha256.Sum256([]byte(bare))
		name = trigger + "_" + hex.EncodeToString(sum[:16])
	}
	return sqltext.QuoteName(strings.TrimSuffix(table, bare) + name)
}

// dollars returns marks that quote a text.
func dollars(text string) string {
	mark := "$timak$"
	for strings.Contains(text, mark) {
		mark = strings.TrimSuffix(mark, "$") + "k$"
	}
	return mark
}

// insertedRows are those that are still there.
func insertedRows(m *model.Model) string {
	return fmt.Sprintf("SELECT %s AS pk, NULL::pg_catalog.json AS old, pg_catalog.row_to_json(t_image.*) AS new\n\t\tFROM timak_new n%s%s\n\t\tWHERE %s",
		postgresPK(m, dialect.Qualifies("n")), rowNow(m, dialect.Qualifies("n")), imageAs(m, "t"), there(m, "t"))
}

// deletedRows may have been made again.
func deletedRows(m *model.Model) string {
	rows := fmt.Sprintf("SELECT %s AS pk, pg_catalog.row_to_json(d_image.*) AS old, %s AS new\n\t\tFROM timak_old d%s%s%s",
		postgresPK(m, dialect.Qualifies("d")), imageIfThere(m, "t"), rowNow(m, dialect.Qualifies("d")), imageAs(m, "d"), imageAs(m, "t"))
	return dialect.Joined("\n\t\tWHERE ", rows, dialect.Seen(m, "d"))
}

func truncatedRows(m *model.Model) string {
	return dialect.Joined("\n\t\tWHERE ", imagesOf(m, "pg_catalog.row_to_json(d_image.*) AS old, NULL::pg_catalog.json AS new"), dialect.Seen(m, "d"))
}

func remainingRows(m *model.Model) string {
	return dialect.Joined("\n\t\tWHERE ", imagesOf(m, "NULL::pg_catalog.json AS old, pg_catalog.row_to_json(d_image.*) AS new"), dialect.Seen(m, "d"))
}

// imagesOf are those of all rows of the relation.
func imagesOf(m *model.Model, images string) string {
	return fmt.Sprintf("SELECT %s AS pk, %s\n\t\tFROM %s d%s", postgresPK(m, dialect.Qualifies("d")), images, whoseTrigger, imageAs(m, "d"))
}

// itself is the tracked table in a query of a trigger's.
func itself(m *model.Model) string {
	return tableMark + sqltext.QuotePart(sqltext.Unqualified(m.Table))
}

// updatedRows pairs the rows before and after: one whose primary key was changed
// is removed and added. Rows whose columns are the same byte by byte are left
// out before an image is made. Equality would not do: it ignores case in some
// collations, and json has none.
func updatedRows(m *model.Model) string {
	either := func(field *schema.Field) string {
		return "coalesce(" + dialect.Qualifies("n")(field) + ", " + dialect.Qualifies("d")(field) + ")"
	}
	return fmt.Sprintf(`SELECT %s AS pk,
			%s AS old,
			%s AS new
		FROM timak_old d FULL JOIN timak_new n ON %s%s%s%s
		WHERE %s`,
		postgresPK(m, either), imageIfThere(m, "d"), imageIfThere(m, "t"),
		keysAlike(m, "d", dialect.Qualifies("n")), rowNow(m, either), imageAs(m, "d"), imageAs(m, "t"),
		dialect.Joined(" AND ", fmt.Sprintf("ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(%s)::pg_catalog.record",
			strings.Join(dialect.Columns(model.Watched(m), dialect.Qualifies("d")), ", "),
			strings.Join(dialect.Columns(model.Watched(m), dialect.Qualifies("n")), ", ")), eitherSeen(m)))
}

// rowNow is a part of a FROM clause: the row t that the table has now under a
// primary key, NULLs if it has none. It is looked up, and not joined: no plan for
// one row would do for many.
func rowNow(m *model.Model, key func(*schema.Field) string) string {
	var match []string
	for _, field := range m.Keys { // for the index
		match = append(match, dialect.Qualifies("r")(field)+" OPERATOR(pg_catalog.=) "+key(field))
	}
	if exact := keysAlike(m, "r", key); exact != strings.Join(match, " AND ") {
		match = append(match, exact)
	}
	return fmt.Sprintf("\n\t\tLEFT JOIN LATERAL (SELECT %s FROM %s r WHERE %s OFFSET 0) t ON true",
		strings.Join(dialect.Columns(model.Watched(m), dialect.Qualifies("r")), ", "), itself(m), strings.Join(match, " AND "))
}

// there is the condition that a row of an outer join is there and to be seen.
func there(m *model.Model, alias string) string {
	return dialect.Joined(" AND ", dialect.Qualifies(alias)(m.Keys[0])+" IS NOT NULL", dialect.Seen(m, alias))
}

// imageIfThere is the image of a row of an outer join.
func imageIfThere(m *model.Model, alias string) string {
	return dialect.CaseWhen(there(m, alias), "pg_catalog.row_to_json("+alias+"_image.*)")
}

// eitherSeen is the condition that one of the rows of a pair is to be seen.
func eitherSeen(m *model.Model) string {
	if dialect.Seen(m, "d") == "" {
		return ""
	}
	return "(" + there(m, "d") + " OR " + there(m, "n") + ")"
}

// postgresPK is pkOf for a FROM item's columns. What it makes of integers is made
// in a quarter of the time by joining them.
func postgresPK(m *model.Model, column func(*schema.Field) string) string {
	for _, field := range m.Keys {
		if !model.IsInteger(field) {
			return fmt.Sprintf(dialect.Postgres.Array, strings.Join(dialect.Columns(m.Keys, column), ", "))
		}
	}
	const then = " OPERATOR(pg_catalog.||) "
	return "'['" + then + strings.Join(dialect.Columns(m.Keys, column), then+"', '"+then) + then + "']'"
}

// imageAs is a part of a FROM clause: the columns of the image of a row that goes
// by an alias, as a row.
func imageAs(m *model.Model, alias string) string {
	return fmt.Sprintf("\n\t\tCROSS JOIN LATERAL (SELECT %s) %s_image", inFunction().ImageColumns(m.Columns, dialect.Qualifies(alias)), alias)
}

// keysAlike is the condition that a row has a primary key, texts byte by byte.
func keysAlike(m *model.Model, alias string, key func(*schema.Field) string) string {
	return strings.Join(dialect.Columns(m.Keys, func(field *schema.Field) string {
		cast := ""
		if model.KindOf(field) == schema.String && !strings.HasPrefix(strings.ToLower(string(field.DataType)), "uuid") {
			cast = `::pg_catalog.text COLLATE pg_catalog."C"`
		}
		return dialect.Qualifies(alias)(field) + cast + " OPERATOR(pg_catalog.=) " + key(field) + cast
	}), " AND ")
}
