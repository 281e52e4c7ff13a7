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

// postgresEvents are the triggers of a table on Postgres: when each fires, and the
// rows that it records. All are statement-level: a statement about many rows costs
// one call, and its rows share one version.
//
// The new image of a row is read from the table, and not taken from the statement:
// the user's triggers, foreign keys and other parts of a WITH may have changed the
// row again, and their changes may be recorded before or after this one.
var postgresEvents = []struct {
	name, when string
	record     func(m *model.Model) string
}{
	{"timak_insert", "AFTER INSERT ON {table} REFERENCING NEW TABLE AS timak_new", recordInserted},
	{"timak_update", "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS timak_old NEW TABLE AS timak_new", recordUpdated},
	{"timak_delete", "AFTER DELETE ON {table} REFERENCING OLD TABLE AS timak_old", recordDeleted},
	// No trigger gets the rows that TRUNCATE removes, so they are read before it, with
	// the rows of inheriting tables. TRUNCATE may leave those: they are read after it.
	{"timak_truncate", "BEFORE TRUNCATE ON {table}", recordTruncated},
	{"timak_truncated", "AFTER TRUNCATE ON {table}", recordRemaining},
}

// postgresFunction records the rows of a statement. It runs with the rights of the
// role that installs it, as a writer may not be allowed to read all rows of the
// table. No other role may make a trigger of it, and it writes every name and
// operator with its schema, so that a writer's search_path cannot redirect them. A
// renamed table keeps its triggers, which then must not record for the table that
// has the old name: the function compares the names. The triggers of tables below
// the tracked one use its functions, called with an argument.
//
// No plan of a query depends on its variables, so a session keeps one after a few calls,
// and it serves one row as well as many: rows of the table are looked up one by one in
// the index of the primary key, even if the table was empty when the query was planned.
// JIT is off, as compiling would take far longer than running the query for one row.
//
// The version is drawn into a variable: Postgres sets up a query that calls a volatile
// function in more steps. No variable has the type of a column: a session keeps the types
// that an expression was first run with, and would refuse all writes after an ALTER of
// the column. Their label tells variables from columns.
const postgresFunction = `CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET jit = off SET enable_seqscan = off{settings} AS {quote}
-- ` + hashMark + `: made from the rules of {table}; do not edit.
<<timak>>
DECLARE
	version pg_catalog.int8;
	alike pg_catalog.bool;
BEGIN
	IF TG_NARGS OPERATOR(pg_catalog.=) 0 AND TG_TABLE_NAME OPERATOR(pg_catalog.<>) {bare} THEN
		RETURN NULL;
	END IF;
	{record};
	RETURN NULL;
END
{quote}`

// When the triggers are installed, the schemas of timak's tables and of the tracked
// table are known, and statements name them, quoted and with a dot. In a script they
// are not known: there the functions keep the search_path on which they are created,
// with temporary tables last.
const (
	timakMark = "{timak}"
	textMark  = "{timak text}" // within a text
	tableMark = "{its}"
	pathMark  = "-- path of "
	keepPath  = `DO $timak$ BEGIN EXECUTE 'ALTER FUNCTION %s SET search_path = ' ||
	(SELECT string_agg(quote_ident(s), ', ') FROM unnest('{pg_catalog}'::name[] || current_schemas(false) || '{pg_temp}'::name[]) s); END $timak$`
)

// schemas are the schemas of the tables in a trigger set, as statements write them.
// The zero schemas are unknown.
type schemas struct{ timak, table string }

// placed returns a statement of a trigger set with the schemas filled in; "" if it is
// not needed with them.
func placed(statement string, in schemas) string {
	if function, path := strings.CutPrefix(statement, pathMark); path {
		if in != (schemas{}) {
			return ""
		}
		return fmt.Sprintf(keepPath, strings.ReplaceAll(function, "'", "''"))
	}
	return strings.NewReplacer(timakMark, in.timak, textMark, strings.ReplaceAll(in.timak, "'", "''"), tableMark, in.table).Replace(statement)
}

func postgresTriggers(m *model.Model) triggerSet {
	var s triggerSet
	for _, event := range postgresEvents {
		record := event.record(m)
		function := postgresFunctionName(m.Table, event.name)
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

// postgresSettings returns the settings on which an image of a model depends. The
// condition of a soft delete may have operators, which Postgres looks up on the
// search_path.
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

// exactSettings are the settings on which the texts of values depend, the same as
// those of the SQL function timak_json.
const exactSettings = " SET extra_float_digits = 1 SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET TimeZone = 'UTC' SET bytea_output = 'hex'"

// inFunction returns the dialect of a function that has its own settings.
func inFunction() dialect.Dialect {
	d := dialect.Postgres
	d.InSession = false
	return d
}

var withoutOperators = regexp.MustCompile(`^(?i)(?:"(?:[^"]|"")*"|[\s()]|IS|NOT|NULL|AND|OR)*$`)

// postgresFunctionName names a trigger's function, in the table's schema. Postgres
// cuts names to 63 bytes, which could make two of them the same, so a longer one ends
// in a hash.
func postgresFunctionName(table, trigger string) string {
	bare := sqltext.Unqualified(table)
	name := trigger + "_" + bare
	if len(name) > 63 {
		sum := sha256.Sum256([]byte(bare))
		name = trigger + "_" + hex.EncodeToString(sum[:16])
	}
	return sqltext.QuoteName(strings.TrimSuffix(table, bare) + name)
}

// dollars returns a dollar quote that does not occur in a text.
func dollars(text string) string {
	mark := "$timak$"
	for strings.Contains(text, mark) {
		mark = strings.TrimSuffix(mark, "$") + "k$"
	}
	return mark
}
