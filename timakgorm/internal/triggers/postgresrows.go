package triggers

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// insertedRows selects the inserted rows that still exist.
func insertedRows(m *model.Model) string {
	return fmt.Sprintf("SELECT %s AS pk, NULL::pg_catalog.json AS old, pg_catalog.row_to_json(t_image.*) AS new\n\t\tFROM timak_new n%s%s\n\t\tWHERE %s",
		postgresPK(m, dialect.Qualifies("n")), rowNow(m, dialect.Qualifies("n")), imageAs(m, "t"), there(m, "t"))
}

// deletedRows selects the deleted rows, which may have been inserted again.
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

// imagesOf selects images of all rows of the table on which the trigger fired.
func imagesOf(m *model.Model, images string) string {
	return fmt.Sprintf("SELECT %s AS pk, %s\n\t\tFROM %s d%s", postgresPK(m, dialect.Qualifies("d")), images, whoseTrigger, imageAs(m, "d"))
}

// itself returns the tracked table's name in a trigger's query.
func itself(m *model.Model) string {
	return tableMark + sqltext.QuotePart(sqltext.Unqualified(m.Table))
}

// updatedRows pairs the rows before and after: a row whose primary key was changed
// counts as one removed and one added. Rows whose columns are the same byte by byte
// are left out before an image is made. Equality would not do: some collations ignore
// case, and json has no equality.
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

// rowNow returns a part of a FROM clause: the row t that the table now has under a
// primary key, NULLs if there is none. It is looked up and not joined, as the plan of
// a join for one row would be slow for many.
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

// there returns the condition that a row of an outer join exists and is not
// soft-deleted.
func there(m *model.Model, alias string) string {
	return dialect.Joined(" AND ", dialect.Qualifies(alias)(m.Keys[0])+" IS NOT NULL", dialect.Seen(m, alias))
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
