package triggers

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// draw sets the version of a statement's changes, once its rows are locked. It does what
// timak_version does first, as to call that takes longer than the rest of it.
const draw = `version := pg_catalog.nextval('{timak text}timak_versions');
	IF version OPERATOR(pg_catalog.<) (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 THEN
		version := {timak}timak_version(0);
	END IF;
	`

// insertRows inserts what a query selects into the outbox.
const insertRows = "INSERT INTO {timak}timak_outbox (tbl, pk, old, new, version)\n\t"

// recordInserted records the inserted rows that still exist.
func recordInserted(m *model.Model) string {
	return draw + insertRows + fmt.Sprintf(`SELECT %s, %s, NULL, t.image, timak.version
	FROM timak_new n
		CROSS JOIN LATERAL (SELECT pg_catalog.row_to_json(r_image.*) AS image FROM %s r%s
			WHERE %s OFFSET 0) t`,
		sqltext.QuoteText(m.Table), postgresPK(m, dialect.Qualifies("n")), itself(m), imageAs(m, "r"),
		dialect.Joined(" AND ", keysFound(m, "r", dialect.Qualifies("n")), dialect.Seen(m, "r")))
}

// recordDeleted records the deleted rows, which may have been inserted again.
func recordDeleted(m *model.Model) string {
	return draw + insertRows + dialect.Joined("\n\tWHERE ", gone(m), dialect.Seen(m, "d"))
}

// gone selects rows of timak_old, each with what the table now has in its place.
func gone(m *model.Model) string {
	return fmt.Sprintf(`SELECT %s, %s, %s, %s, timak.version
	FROM timak_old d%s`,
		sqltext.QuoteText(m.Table), postgresPK(m, dialect.Qualifies("d")), imageIfSeen(m, "d"), imageNow(m, dialect.Qualifies("d")), imageAs(m, "d"))
}

// recordUpdated records the updated rows whose image has changed.
//
// Most updates change one row. The query for many takes far longer to be set up than to
// be run for one, so a single row that has kept its key gets one with few parts, and an
// update beside the image ends before a version is drawn. A row that leaves a partition
// may be in timak_old alone, as a trigger can keep it out of the other.
func recordUpdated(m *model.Model) string {
	return strings.NewReplacer(
		"{alike}", keysAlike(m, "d", dialect.Qualifies("n")),
		"{changed}", differ(m),
		"{draw}", draw,
		"{one}", insertRows+gone(m),
		"{many}", insertRows+updatedRows(m),
	).Replace(`PERFORM FROM timak_old LIMIT 1 OFFSET 1;
	IF NOT FOUND THEN
		SELECT {alike} INTO alike
		FROM timak_old d LEFT JOIN timak_new n ON true
		WHERE {changed};
		IF NOT FOUND THEN
			RETURN NULL;
		END IF;
	END IF;
	{draw}IF alike THEN
	{one};
	RETURN NULL;
	END IF;
	{many}`)
}

// itself returns the tracked table's name in a trigger's query.
func itself(m *model.Model) string {
	return tableMark + sqltext.QuotePart(sqltext.Unqualified(m.Table))
}

// updatedRows pairs the rows before and after: a row whose primary key was changed
// counts as one removed and one added.
func updatedRows(m *model.Model) string {
	either := func(field *schema.Field) string {
		return "coalesce(" + dialect.Qualifies("n")(field) + ", " + dialect.Qualifies("d")(field) + ")"
	}
	return fmt.Sprintf(`SELECT %s, %s, %s, %s, timak.version
	FROM timak_old d FULL JOIN timak_new n ON %s%s%s%s
	WHERE %s`,
		sqltext.QuoteText(m.Table), postgresPK(m, either), imageIfThere(m, "d"), imageIfThere(m, "t"),
		keysAlike(m, "d", dialect.Qualifies("n")), rowNow(m, either), imageAs(m, "d"), imageAs(m, "t"), differ(m))
}

// differ returns the condition that the columns of a row of timak_old and of one of
// timak_new are not the same byte by byte, and that one of the rows is to be seen.
// Equality would not do: some collations ignore case, and json has no equality.
func differ(m *model.Model) string {
	return dialect.Joined(" AND ", fmt.Sprintf("ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(%s)::pg_catalog.record",
		strings.Join(dialect.Columns(model.Watched(m), dialect.Qualifies("d")), ", "),
		strings.Join(dialect.Columns(model.Watched(m), dialect.Qualifies("n")), ", ")), eitherSeen(m))
}

// rowNow returns a part of a FROM clause: the row t that the table now has under a
// primary key, NULLs if there is none. It is looked up and not joined, as the plan of
// a join for one row would be slow for many.
func rowNow(m *model.Model, key func(*schema.Field) string) string {
	return fmt.Sprintf("\n\t\tLEFT JOIN LATERAL (SELECT %s FROM %s r WHERE %s OFFSET 0) t ON true",
		strings.Join(dialect.Columns(model.Watched(m), dialect.Qualifies("r")), ", "), itself(m), keysFound(m, "r", key))
}

// imageNow returns the image of the row that the table now has under a primary key, NULL
// if there is none. Of several, which only inheriting tables can have, it takes one.
func imageNow(m *model.Model, key func(*schema.Field) string) string {
	return fmt.Sprintf("(SELECT %s FROM %s r%s\n\t\tWHERE %s LIMIT 1)", imageIfSeen(m, "r"), itself(m), imageAs(m, "r"), keysFound(m, "r", key))
}

// keysFound is keysAlike for a row of the table, which is found by its index.
func keysFound(m *model.Model, alias string, key func(*schema.Field) string) string {
	var match []string
	for _, field := range m.Keys { // for the index
		match = append(match, dialect.Qualifies(alias)(field)+" OPERATOR(pg_catalog.=) "+key(field))
	}
	if exact := keysAlike(m, alias, key); exact != strings.Join(match, " AND ") {
		match = append(match, exact)
	}
	return strings.Join(match, " AND ")
}

// there returns the condition that a row of an outer join exists and is not
// soft-deleted.
func there(m *model.Model, alias string) string {
	return dialect.Joined(" AND ", dialect.Qualifies(alias)(m.Keys[0])+" IS NOT NULL", dialect.Seen(m, alias))
}

// imageIfSeen returns the image of a row, NULL if it is soft-deleted.
func imageIfSeen(m *model.Model, alias string) string {
	return dialect.CaseWhen(dialect.Seen(m, alias), "pg_catalog.row_to_json("+alias+"_image.*)")
}

// imageIfThere returns the image of a row of an outer join, NULL if it is not there.
func imageIfThere(m *model.Model, alias string) string {
	return dialect.CaseWhen(there(m, alias), "pg_catalog.row_to_json("+alias+"_image.*)")
}

// eitherSeen returns the condition that one row of a pair is there; "" for a model
// without soft delete.
func eitherSeen(m *model.Model) string {
	if dialect.Seen(m, "d") == "" {
		return ""
	}
	return "(" + there(m, "d") + " OR " + there(m, "n") + ")"
}

// postgresPK returns the SQL of a primary key as the outbox has it. Integers are
// concatenated, which takes a quarter of the time of building a JSON array.
func postgresPK(m *model.Model, column func(*schema.Field) string) string {
	for _, field := range m.Keys {
		if !model.IsInteger(field) {
			return fmt.Sprintf(dialect.Postgres.Array, strings.Join(dialect.Columns(m.Keys, column), ", "))
		}
	}
	const then = " OPERATOR(pg_catalog.||) "
	return "'['" + then + strings.Join(dialect.Columns(m.Keys, column), then+"', '"+then) + then + "']'"
}

// imageAs returns a part of a FROM clause: the columns of the image of the row with
// an alias, as a row.
func imageAs(m *model.Model, alias string) string {
	return fmt.Sprintf("\n\t\tCROSS JOIN LATERAL (SELECT %s) %s_image", inFunction().ImageColumns(m.Columns, dialect.Qualifies(alias)), alias)
}

// keysAlike returns the condition that a row has a primary key; texts are compared
// byte by byte.
func keysAlike(m *model.Model, alias string, key func(*schema.Field) string) string {
	return strings.Join(dialect.Columns(m.Keys, func(field *schema.Field) string {
		cast := ""
		if model.KindOf(field) == schema.String && !strings.HasPrefix(strings.ToLower(string(field.DataType)), "uuid") {
			cast = `::pg_catalog.text COLLATE pg_catalog."C"`
		}
		return dialect.Qualifies(alias)(field) + cast + " OPERATOR(pg_catalog.=) " + key(field) + cast
	}), " AND ")
}
