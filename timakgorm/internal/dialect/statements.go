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
	From string // the table, quoted, with its schema where that is known
	Own  string // what comes before the names of timak's tables

	// Key and image are the primary key and the image of a row as JSON objects,
	// the image NULL for a row that is soft-deleted.
	Key, Image string

	// AnyKey and anyImage are the same of a row that may hold anything: what JSON
	// cannot say of a primary key is there as no single value.
	AnyKey, AnyImage string

	// one and many are about the rows in a parameter: a single change, or an
	// array of any number. Where there is lists, it does the same faster.
	one, Many, lists rowsSQL

	// Draw draws the version of a statement whose changes many statements record;
	// its parameter is what it must not be below.
	Draw string

	// Probe asks what became of rows: for every n of those in the parameter the
	// key as the outbox has it, the image, and whether a change waits there. One
	// statement, so that the image and the outbox are of the same moment.
	Probe string

	// Locked reads the keys in the parameter under a share lock, in one order
	// for all; empty where a transaction locks everything.
	Locked string

	// Plain is the condition that an update of the table does no more than it says;
	// empty where that cannot be asked.
	Plain string

	// Column names a column, with its table; quote quotes a name.
	Column func(field *schema.Field) string
	Quote  func(name string) string
}

// rowsSQL is SQL about given rows.
type rowsSQL struct {
	Given

	// record writes them to the outbox: the rows whose keys and old images are
	// given, compared with what the table holds now. Its first parameters are
	// the name of the table, the version if it has been drawn, and what a version
	// that it draws must not be below.
	record string

	// made is record for rows without old images, whose keys are given. Before them
	// it has the name by which they were made, as nameGiven writes it.
	made string

	// Narrow is a condition: the primary key is among those in the parameter.
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

// Among is the condition that a row is one of some, with its parameter.
func (s Statements) Among(rows []Change) (condition string, arg any) {
	sql := s.of(len(rows))
	return sql.Narrow, sql.encodeKeys(rows)
}

// StatementsAs writes the SQL of a table at home, whose rows go by a name of their
// own, such as an alias, in all but record. quote quotes an identifier.
func (d Dialect) StatementsAs(m *model.Model, at Home, name string, quote func(string) string) Statements {
	table := quote(name)
	column := func(field *schema.Field) string { return table + "." + quote(field.DBName) }
	s := Statements{From: quote(m.Table), Own: d.own, Column: column, Quote: quote}
	if at.Schema != "" {
		s.From = Prefix(at.Schema) + sqltext.QuotePart(sqltext.Unqualified(m.Table))
	}
	s.Key = d.ObjectOf(m.Keys, column)
	s.Image = d.ImageOf(m, column)
	s.AnyKey, s.AnyImage = d.ObjectOf(m.Keys, d.AnyColumn(column)), d.ImageOf(m, d.AnyColumn(column))
	s.Draw = d.Bind(d.drawSQL())
	s.Plain = d.plainOf(m, s)
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
// array in an index, where it might join a subquery with all of the table.
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
		"{n}", d.memberOf("n"),
	).Replace(template)
}

// ObjectOf makes a JSON object of columns. Postgres has them as a row, which it
// writes in less time and space than names and values one by one.
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

// ImageColumns are columns as an image has them, by their names.
func (d Dialect) ImageColumns(fields []*schema.Field, column func(*schema.Field) string) string {
	return strings.Join(Columns(fields, func(field *schema.Field) string {
		return d.Value(field, column(field)) + " AS " + sqltext.QuotePart(field.DBName)
	}), ", ")
}
