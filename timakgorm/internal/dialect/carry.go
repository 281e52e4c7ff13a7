package dialect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// On Postgres a statement can carry its own record. Then it is a part of a WITH:
//
//	timak_is        whether the table is the tracked one, and plain: it has no triggers
//	                and no tables that inherit from it
//	timak_old       locks and reads the rows as they are before the statement
//	timak_done      the statement; returns the images of its rows before and after it
//	timak_recorded  inserts what has changed into the outbox
//
// No part sees what another one writes, so all that is recorded comes from timak_done.
// What a trigger changes afterwards does not, so nothing is recorded if there may be one.
// Counting the rows first makes sure that all are locked when the version is drawn, in
// whatever order the parts run.
//
// To set a plan up takes longer than to write one row by it, so every part counts: a
// statement about one row has no aggregates, and has left it only if a trigger kept it from
// being written.

// Carry is a statement of Postgres that carries its own record.
type Carry struct {
	Table *Table
	// Written is the table's name as the statement writes it, if it is not known yet what
	// the name means in the session; else empty.
	Written string
	// Old is a SELECT of the rows, with the columns that Table.CarryOld names; "" if there
	// are none.
	Old string
	// Done is the statement, which returns the columns that Table.CarryFound or
	// Table.CarryMade names.
	Done string
	// Finds says that Done is about the rows of Old, and no others.
	Finds bool
	// One says that Done writes one row at most. If Done finds it in Old, then by a key
	// that the row has had all along.
	One bool
	// Users are the columns of timak_done that the user's statement returns, separated by
	// commas; "" if it returns no rows.
	Users string
}

// CarryFacts is how many columns of a carried statement come before the user's: a
// CarriedTable; how many rows the statement has written; whether it has recorded any; the
// rows that it has not recorded; and those that it has not written either. The last two are
// JSON arrays of CarriedRow, NULL if there are none. There is one row of them, or one for
// each row that the user's statement returns: these have the same CarriedTable, and the rest
// adds up. If that statement returns none, there is one row of facts.
const CarryFacts = 5

// CarriedTable is what the table of a carried statement has turned out to be. Only the
// changes of a CarriedPlain table are recorded.
type CarriedTable string

// The values of CarriedTable.
const (
	CarriedPlain     CarriedTable = "plain"
	CarriedElsewhere CarriedTable = "elsewhere" // it is not the tracked one
	CarriedUnsure    CarriedTable = "unsure"    // the transaction keeps an old snapshot, in which this cannot be seen
	CarriedMore      CarriedTable = "more"      // it has triggers, or tables that inherit from it
)

// CarriedRow is a row that a carried statement has not recorded, or has not written at all,
// as another transaction had changed its key meanwhile.
type CarriedRow struct {
	Key json.RawMessage `json:"k"`
	Old *string         `json:"o"` // the image before the statement
}

// The text of a carried statement, but for the parts that are its own: timak_is; what stands
// behind timak_done; and the facts, of all rows together or of each. The catalog has no
// triggers to look for where a table has never had any. A table that is newer than the
// transaction's snapshot is not in it.
const (
	carriedIs = `WITH timak_is AS MATERIALIZED (
	SELECT CASE WHEN named.oid IS DISTINCT FROM pg_catalog.to_regclass({table}) THEN 'elsewhere'
		WHEN c.oid IS NULL OR pg_catalog.current_setting('transaction_isolation') NOT LIKE 'read %' THEN 'unsure'
		WHEN c.relhassubclass OR c.relhastriggers AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) THEN 'more'
		ELSE 'plain' END AS found
	FROM pg_catalog.to_regclass(`
	carriedTable = `) AS named(oid) LEFT JOIN pg_catalog.pg_class c ON c.oid = named.oid
)`
	carriedRecord = `
), timak_recorded AS (
	INSERT INTO {own}timak_outbox (tbl, pk, old, new, version)
	SELECT {name}, {pk}, timak_was, timak_now, {version}
	FROM timak_done d WHERE (SELECT found = 'plain' FROM timak_is) AND {differs}
)
`
	carriedVersion    = "(SELECT {own}timak_version(0 * count(*)) FROM timak_done)"
	carriedVersionOne = "{own}timak_version(0)"
	carriedFacts      = `SELECT (SELECT found FROM timak_is), count(*), count(*) FILTER (WHERE {differs}) > 0,
	json_agg({row}) FILTER (WHERE (SELECT found <> 'plain' FROM timak_is))::text, {left}
FROM timak_done d`
	carriedFactsEach = `SELECT timak_is.found, (d.timak_k0 IS NOT NULL)::integer::bigint, coalesce({differs}, false),
	CASE WHEN d.timak_k0 IS NOT NULL AND timak_is.found <> 'plain' THEN json_build_array({row})::text END, {left}`
	carriedEach = `
FROM timak_is LEFT JOIN timak_done d ON true`
	carriedLeft     = `CASE WHEN count(*) <> (SELECT count(*) FROM timak_old) THEN ({leftkeys}) END`
	carriedLeftEach = `CASE WHEN (SELECT count(*) FROM timak_old) <> (SELECT count(*) FROM timak_done) AND (d.timak_k0 IS NULL OR ROW({keys}) IS NOT DISTINCT FROM (SELECT ROW({names}) FROM timak_done LIMIT 1)) THEN ({leftkeys}) END`
	carriedLeftOne  = `CASE WHEN d.timak_k0 IS NULL AND timak_is.found <> 'plain' THEN (SELECT json_agg(json_build_object('k', {oldkey}))::text FROM timak_old o) END`
	carriedLeftKeys = `
		SELECT json_agg(json_build_object('k', {oldkey}))::text FROM timak_old o WHERE NOT EXISTS (SELECT FROM timak_done n WHERE {samerow})
	`
)

// carriedParts are the parts that all carried statements of a table share. They are made
// once, as making them takes longer than many a statement.
type carriedParts struct{ is, record, recordOne, found, made, foundEach, foundOne, madeEach string }

func (t *Table) carriedParts() carriedParts {
	if !t.Dialect.Numbered {
		return carriedParts{}
	}
	with := func(template, left string) string {
		left = strings.Replace(left, "{leftkeys}", carriedLeftKeys, 1)
		return t.fillCarried(strings.Replace(template, "{left}", left, 1))
	}
	record := func(version string) string {
		return t.fillCarried(strings.Replace(carriedRecord, "{version}", version, 1))
	}
	const none = "NULL::text"
	return carriedParts{
		is:        t.fillCarried(carriedIs),
		record:    record(carriedVersion),
		recordOne: record(carriedVersionOne),
		found:     with(carriedFacts, carriedLeft),
		made:      with(carriedFacts, none),
		foundEach: with(carriedFactsEach, carriedLeftEach),
		foundOne:  with(carriedFactsEach, carriedLeftOne),
		madeEach:  with(carriedFactsEach, none),
	}
}

func (t *Table) fillCarried(template string) string {
	d := t.Dialect
	object := func(rows string) string {
		return "json_build_object(" + strings.Join(Columns(t.Model.Keys, func(field *schema.Field) string {
			return sqltext.QuoteText(field.DBName) + ", " + d.Value(field, rows+t.keyName(field))
		}), ", ") + ")"
	}
	names := Columns(t.Model.Keys, t.keyName)
	return strings.NewReplacer(
		"{own}", d.own, "{name}", sqltext.QuoteText(t.Model.Table), "{table}", sqltext.QuoteText(t.SQL.From),
		"{pk}", t.carriedPK(), "{differs}", fmt.Sprintf(d.differs, "d.timak_was", "d.timak_now"),
		"{row}", "json_build_object('k', "+object("d.")+", 'o', d.timak_was::text)", "{oldkey}", object("o."),
		"{samerow}", t.sameRow("n", "o"), "{names}", strings.Join(names, ", "), "{keys}", "d."+strings.Join(names, ", d."),
	).Replace(template)
}

// SQL returns the text. The user's columns follow the facts. If there are no rows of
// theirs, one row has NULL there.
func (c Carry) SQL() string {
	t := c.Table
	is := t.carried.is + sqltext.QuoteText(t.NameGiven(c.Written)) + carriedTable
	if c.Old != "" {
		is += ", timak_old AS MATERIALIZED (\n" + c.Old + "\n)"
	}
	record := t.carried.record
	if c.One {
		record = t.carried.recordOne
	}
	return is + ", timak_done AS (\n" + c.Done + record + c.facts()
}

func (c Carry) facts() string {
	parts, each := c.Table.carried, ""
	switch {
	case c.Users == "" && !c.One && c.Finds:
		return parts.found
	case c.Users == "" && !c.One:
		return parts.made
	case c.One && c.Finds:
		each = parts.foundOne
	case c.Finds:
		each = parts.foundEach
	default:
		each = parts.madeEach
	}
	if c.Users != "" {
		each += ", " + c.Users
	}
	return each + carriedEach
}

// carriedPK is the primary key as the outbox stores it. Integers are put together, which
// takes less time than making an array.
func (t *Table) carriedPK() string {
	names := Columns(t.Model.Keys, t.keyName)
	for _, field := range t.Model.Keys {
		if !model.IsInteger(field) {
			return fmt.Sprintf(t.Dialect.Array, strings.Join(names, ", "))
		}
	}
	return "'[' || " + strings.Join(names, " || ', ' || ") + " || ']'"
}

// CarryOld returns the columns of timak_old for rows that go by the name in s.
func (t *Table) CarryOld(s Statements) string {
	return t.carryKeys(s.Column) + s.Image + " AS timak_was"
}

// InOld returns the condition that a row is in timak_old, by its key.
func (t *Table) InOld(s Statements) string {
	return strings.Join(Columns(t.Model.Keys, func(field *schema.Field) string { return s.Column(field) + " = " + t.oldKey(field) }), " AND ")
}

// CarryFound returns the columns that timak_done returns, behind the user's, of rows that
// it has found in timak_old. Deleted rows have no image now.
func (t *Table) CarryFound(s Statements, deleted bool) string {
	now := s.Image
	if deleted {
		now = noImage
	}
	return t.carryKeys(t.oldKey) + carriedImages("timak_old.timak_was", now)
}

// CarryMade is CarryFound for rows that it has inserted, or that an upsert has found in
// timak_old.
func (t *Table) CarryMade(s Statements, upsert bool) string {
	was := noImage
	if upsert {
		was = "(SELECT timak_old.timak_was FROM timak_old WHERE " + t.InOld(s) + ")"
	}
	return t.carryKeys(s.Column) + carriedImages(was, s.Image)
}

func carriedImages(was, now string) string {
	return was + " AS timak_was, " + now + " AS timak_now"
}

// CarriedColumns is how many columns timak_done returns behind the user's.
func (t *Table) CarriedColumns() int { return len(t.Model.Keys) + 2 }

const noImage = "NULL::json"

func (t *Table) carryKeys(column func(*schema.Field) string) string {
	return strings.Join(Columns(t.Model.Keys, func(field *schema.Field) string { return column(field) + " AS " + t.keyName(field) + ", " }), "")
}

func (t *Table) oldKey(field *schema.Field) string { return "timak_old." + t.keyName(field) }

// sameRow returns the condition that rows of two parts have the same key.
func (t *Table) sameRow(one, other string) string {
	return strings.Join(Columns(t.Model.Keys, func(field *schema.Field) string {
		return one + "." + t.keyName(field) + " = " + other + "." + t.keyName(field)
	}), " AND ")
}

// keyName names a column of the primary key in all parts.
func (t *Table) keyName(field *schema.Field) string {
	return fmt.Sprint("timak_k", slices.Index(t.Model.Keys, field))
}
