package dialect

import (
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Table is a tracked table in one database.
type Table struct {
	Model   *model.Model
	Dialect Dialect
	At      Home // the home that its SQL writes out
	SQL     Statements

	types   columnTypes
	carried carriedParts
}

// newTable returns a table whose SQL writes out a home.
func newTable(d Dialect, m *model.Model, at Home, quote func(string) string) *Table {
	t := &Table{Model: m, Dialect: d, At: at, SQL: d.StatementsAs(m, at, sqltext.Unqualified(m.Table), quote)}
	t.carried = t.carriedParts()
	return t
}

// Home names the schema of a tracked table, and that of timak's own tables. ""
// means that the session finds them by their bare names.
type Home struct{ Schema, Own string }

// Prefix returns a schema as it stands before a name: quoted and with a dot, or
// "" for "".
func Prefix(schema string) string {
	if schema == "" {
		return ""
	}
	return sqltext.QuotePart(schema) + "."
}

// In returns a copy of a table whose SQL writes out a home.
func (t *Table) In(at Home) *Table {
	d := t.Dialect
	d.own = Prefix(at.Own)
	return newTable(d, t.Model, at, t.SQL.Quote)
}
