package dialect

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Statements is the SQL of one tracked table in one dialect.
type Statements struct {
	From string // the table, quoted, with its schema if that is known
	Own  string // what to write before the names of timak's tables

	// Key and Image are the primary key and the image of a row as JSON objects.
	// The image is NULL for a soft-deleted row.
	Key, Image string

	// AnyKey and AnyImage are the same for a row that may contain anything. What
	// JSON cannot express of a primary key is not a single value there.
	AnyKey, AnyImage string

	// ImageColumns are the columns that an image is made of, separated by commas.
	ImageColumns string

	// Name is what rows go by, in Column and in what is made of it.
	Name string

	// one and Many are about the rows in a parameter: a single change, or an
	// array of any number. lists, if set, does the same as Many and is faster.
	one, Many, lists rowsSQL

	// Bare is about one row, and faster; nil if there is no such SQL.
	Bare *BareSQL

	// Draw draws the version of a statement whose changes many statements record.
	// Its parameter is the lowest version allowed.
	Draw string

	// Probe asks what became of rows. For every n of those in the parameter it
	// returns the key as the outbox stores it, the image, and whether a change
	// waits in the outbox. It is one statement, so the image and the outbox are
	// of the same moment.
	Probe string

	// Locked takes a share lock on the rows whose keys are in the parameter, in
	// one order for all callers. It is "" if a transaction locks everything.
	Locked string

	// Plain is the condition that an update of the table changes nothing but what
	// it sets; "" if the database cannot be asked.
	Plain string

	// StillPlain is Plain for a table that was plain when Defined, if that is not "",
	// returned its parameter: the table's definition.
	StillPlain, Defined string

	// Column names a column, with its table. Quote quotes a name.
	Column func(field *schema.Field) string
	Quote  func(name string) string
}

// rowsSQL is SQL about rows that parameters contain.
type rowsSQL struct {
	Given

	// record writes them to the outbox: the rows whose keys and old images are
	// given, compared with what the table contains now. Its first parameters are
	// the name of the table, the version if it has been drawn, and the lowest
	// version that it may draw.
	record string

	// made is record for rows without old images, whose keys are given. The
	// parameter before the keys is the name by which the statement wrote the
	// table, from NameGiven.
	made string

	// Narrow is the condition that the primary key is among those in the
	// parameter.
	Narrow string
}

// of returns the SQL about a number of rows.
func (s Statements) of(rows int) rowsSQL {
	switch {
	case rows == 1:
		return s.one
	case s.lists.lists:
		return s.lists
	default:
		return s.Many
	}
}

// Among returns the condition that a row is one of rows, with its parameter.
func (s Statements) Among(rows []Change) (condition string, arg any) {
	if key, ok := s.Bare.bareKey(rows); ok {
		return s.Bare.Narrow, key
	}
	sql := s.of(len(rows))
	return sql.Narrow, sql.encodeKeys(rows)
}

// StatementsAs writes the SQL of a table in its home. In everything but the SQL
// that records, its rows go by name, such as an alias. quote quotes an
// identifier.
func (d Dialect) StatementsAs(m *model.Model, at Home, name string, quote func(string) string) Statements {
	table := quote(name)
	column := func(field *schema.Field) string { return table + "." + quote(field.DBName) }
	s := Statements{From: quote(m.Table), Name: table, Own: d.own, Column: column, Quote: quote}
	if at.Schema != "" {
		s.From = Prefix(at.Schema) + sqltext.QuotePart(sqltext.Unqualified(m.Table))
	}
	s.Key = d.ObjectOf(m.Keys, column)
	s.Image = d.ImageOf(m, column)
	s.ImageColumns = d.imageColumns(m, column)
	s.AnyKey, s.AnyImage = d.ObjectOf(m.Keys, d.AnyColumn(column)), d.ImageOf(m, d.AnyColumn(column))
	s.Draw = d.Bind(d.drawSQL())
	s.Plain, s.Bare = d.plainOf(m, s), d.bareSQL(m, at, s)
	s.StillPlain, s.Defined = d.stillPlainOf(m, s)
	one, many := d.givenRow(m, s.From, quote), d.GivenRows(m, s.From, quote)
	s.one, s.Many = d.rowsSQL(m, s, one), d.rowsSQL(m, s, many)
	if d.Numbered {
		s.lists = d.rowsSQL(m, s, d.givenLists(m, s.From, quote))
	}
	s.Probe = d.Bind(d.fill(probeSQL, m, s, many))
	if d.Lock {
		s.Locked = d.Bind("SELECT 1 FROM " + s.From + " WHERE " + s.Many.Narrow + " ORDER BY " + strings.Join(Columns(m.Keys, column), ", ") + " FOR SHARE")
	}
	return s
}

// rowsSQL writes the SQL about given rows. Postgres looks up the elements of an
// array in an index, while it might join a subquery with the whole table.
func (d Dialect) rowsSQL(m *model.Model, s Statements, given Given) rowsSQL {
	narrow := "({columns}) IN (SELECT {keys} FROM {keyrows})"
	if given.lists && len(m.Keys) == 1 {
		narrow = "{columns} = ANY (ARRAY(SELECT {keys} FROM {keyrows}))"
	}
	return rowsSQL{
		Given:  given,
		record: d.Bind(d.fill(recordSQL, m, s, given)),
		made:   d.Bind(d.fill(strings.ReplaceAll(madeSQL, "{narrow}", narrow), m, s, given)),
		Narrow: d.fill(narrow, m, s, given),
	}
}

// fill writes SQL about given rows from a template.
func (d Dialect) fill(template string, m *model.Model, s Statements, given Given) string {
	columns := Columns(m.Keys, s.Column)
	matches := make([]string, len(columns))
	for i, column := range columns {
		matches[i] = column + " = " + given.Keys[i]
	}
	keys := strings.Join(given.Keys, ", ")
	image := fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s END", columns[0], s.Image)
	return strings.NewReplacer(
		"{table}", s.From,
		"{columns}", strings.Join(columns, ", "),
		"{keys}", keys,
		"{pk}", given.PK,
		"{itspk}", fmt.Sprintf(d.Array, strings.Join(columns, ", ")),
		"{itsimage}", s.Image,
		"{old}", given.Old,
		"{image}", image,
		"{text}", fmt.Sprintf(d.Text, image),
		"{rows}", given.Rows,
		"{keyrows}", given.keyRows,
		"{match}", strings.Join(matches, " AND "),
		"{draw}", d.drawSQL(),
		"{own}", d.own,
		"{same}", d.SameSQL(s.From),
		"{differs}", fmt.Sprintf(d.differs, "c.old", "c.new"),
		"{fence}", d.fence,
		"{number}", d.number,
		"{n}", d.memberOf("n"),
	).Replace(template)
}

// ObjectOf makes a JSON object of columns. Postgres writes a row as an object in
// less time and space than names and values one by one.
func (d Dialect) ObjectOf(fields []*schema.Field, column func(*schema.Field) string) string {
	if d.Numbered {
		return "(SELECT row_to_json(timak_image.*) FROM (SELECT " + d.ImageColumns(fields, column) + ") timak_image)"
	}
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = sqltext.QuoteText(field.DBName) + ", " + d.Value(field, column(field))
	}
	return d.Object + "(" + strings.Join(parts, ", ") + ")"
}

// ImageColumns returns the columns as an image holds them, each with its name.
func (d Dialect) ImageColumns(fields []*schema.Field, column func(*schema.Field) string) string {
	return strings.Join(Columns(fields, func(field *schema.Field) string {
		return d.Value(field, column(field)) + " AS " + sqltext.QuotePart(field.DBName)
	}), ", ")
}
