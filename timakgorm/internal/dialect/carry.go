package dialect

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// On Postgres a statement can carry its own record. Then it is a part of a WITH:
//
//	timak_is        whether the table is the tracked one, and plain
//	timak_old       locks and reads the rows as they are before the statement
//	timak_done      the statement; returns the images of its rows before and after it
//	timak_recorded  inserts what has changed into the outbox
//
// No part sees what another one writes, so all that is recorded comes from timak_done.
// What a trigger changes afterwards does not, so nothing is recorded if the table has one.
// Counting the rows first makes sure that all are locked when the version is drawn.

// Carry is a statement of Postgres that carries its own record.
type Carry struct {
	Table *Table
	// Written is the table's name as the statement writes it, if it is not known yet what
	// the name means in the session; else empty.
	Written string
	// Old is a SELECT of the rows, with the columns that Table.CarryOld names; "" if there
	// are none.
	Old string
	// Done is the statement, which returns the columns that Table.CarryDone names.
	Done string
	// Finds says that Done is about the rows of Old, and no others.
	Finds bool
	// Users are the columns of timak_done that the user's statement returns, separated by
	// commas; "" if it returns no rows.
	Users string
}

// CarryFacts is how many columns of a carried statement come before the user's. Every row
// has them. They say whether the table is the tracked one, whether it is plain, and whether
// the transaction would see it if it were not; how many rows the statement has written, and
// how many of them it has recorded; which it has not recorded, as the table is not plain;
// and which it has locked and not written, as another transaction had changed their keys
// meanwhile. The last two are JSON arrays, NULL if there are none.
const CarryFacts = 7

const carrySQL = `WITH timak_is AS MATERIALIZED (
	SELECT {same} AS same, {plain} AS plain, current_setting('transaction_isolation') LIKE 'read %' AS current
){old}, timak_done AS (
{done}
), timak_recorded AS (
	INSERT INTO {own}timak_outbox (tbl, pk, old, new, version)
	SELECT {name}, {pk}, timak_was, timak_now, (SELECT {own}timak_version(0 * count(*)) FROM timak_done)
	FROM timak_done WHERE (SELECT same AND plain FROM timak_is) AND {differs}
	RETURNING 1
)
SELECT timak_is.same, timak_is.plain, timak_is.current, (SELECT count(*) FROM timak_done), (SELECT count(*) FROM timak_recorded),
	CASE WHEN NOT timak_is.plain THEN (SELECT json_agg(json_build_object('k', {key}, 'o', d.timak_was))::text FROM timak_done d) END,
	{unchanged}{users}
FROM timak_is{rows}`

const unchangedSQL = `CASE WHEN (SELECT count(*) FROM timak_old) <> (SELECT count(*) FROM timak_done) THEN (
		SELECT json_agg(json_build_object('k', {key}))::text FROM timak_old d WHERE NOT EXISTS (SELECT FROM timak_done n WHERE {samekeys})
	) END`

// SQL returns the text. The user's columns follow the facts. If there are no rows of
// theirs, one row has NULL there.
func (c Carry) SQL() string {
	d, m := c.Table.Dialect, c.Table.Model
	same, old, unchanged, users, rows := "true", "", "NULL::text", "", ""
	if c.Written != "" {
		same = "(" + strings.Replace(d.SameSQL(c.Table.SQL.From), "?", sqltext.QuoteText(c.Table.NameGiven(c.Written)), 1) + ")"
	}
	if c.Old != "" {
		old = ", timak_old AS MATERIALIZED (\n" + c.Old + "\n)"
	}
	if c.Finds {
		unchanged = unchangedSQL
	}
	if c.Users != "" {
		users, rows = ", "+c.Users, " LEFT JOIN timak_done ON true"
	}
	names := Columns(m.Keys, c.Table.keyName)
	samekeys := make([]string, len(names))
	for i, name := range names {
		samekeys[i] = "n." + name + " = d." + name
	}
	fill := strings.NewReplacer(
		"{own}", d.own, "{name}", sqltext.QuoteText(m.Table), "{pk}", fmt.Sprintf(d.Array, strings.Join(names, ", ")),
		"{differs}", fmt.Sprintf(d.differs, "timak_was", "timak_now"),
		"{key}", d.ObjectOf(m.Keys, func(field *schema.Field) string { return "d." + c.Table.keyName(field) }),
		"{samekeys}", strings.Join(samekeys, " AND "),
		"{same}", same, "{plain}", c.Table.SQL.Plain, "{old}", old, "{done}", c.Done, "{users}", users, "{rows}", rows,
	)
	return fill.Replace(strings.Replace(carrySQL, "{unchanged}", fill.Replace(unchanged), 1))
}

// CarryOld returns the columns of timak_old for rows that go by the name in s.
func (t *Table) CarryOld(s Statements) string {
	return t.carryKeys(s.Column) + s.Image + " AS timak_was"
}

// CarryFound returns the condition that a row is in timak_old, by its key.
func (t *Table) CarryFound(s Statements) string {
	return strings.Join(Columns(t.Model.Keys, func(field *schema.Field) string { return s.Column(field) + " = " + t.oldKey(field) }), " AND ")
}

// CarryFoundDone returns the columns that timak_done returns, behind the user's, of rows
// that it has found in timak_old. Deleted rows have no image now.
func (t *Table) CarryFoundDone(s Statements, deleted bool) string {
	now := s.Image
	if deleted {
		now = noImage
	}
	return t.carryKeys(t.oldKey) + "timak_old.timak_was AS timak_was, " + now + " AS timak_now"
}

// CarryMadeDone is CarryFoundDone for rows that it has inserted, or that an upsert has met
// and found in timak_old.
func (t *Table) CarryMadeDone(s Statements, upsert bool) string {
	was := noImage
	if upsert {
		was = "(SELECT timak_old.timak_was FROM timak_old WHERE " + t.CarryFound(s) + ")"
	}
	return t.carryKeys(s.Column) + was + " AS timak_was, " + s.Image + " AS timak_now"
}

const noImage = "NULL::json"

func (t *Table) carryKeys(column func(*schema.Field) string) string {
	return strings.Join(Columns(t.Model.Keys, func(field *schema.Field) string { return column(field) + " AS " + t.keyName(field) + ", " }), "")
}

func (t *Table) oldKey(field *schema.Field) string { return "timak_old." + t.keyName(field) }

// keyName names a column of the primary key in all parts.
func (t *Table) keyName(field *schema.Field) string {
	for i, key := range t.Model.Keys {
		if key == field {
			return fmt.Sprintf("timak_k%d", i)
		}
	}
	return ""
}
