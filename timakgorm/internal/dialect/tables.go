package dialect

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Tables are the tracked tables of one database.
type Tables struct {
	Dialect Dialect
	ByName  map[string]*Table // by the names that their models give them
}

// NewTables returns the tables of models. quote quotes a name. Two models of one
// table are an error.
func NewTables(d Dialect, models []*model.Model, quote func(string) string) (*Tables, error) {
	ts := &Tables{Dialect: d, ByName: map[string]*Table{}}
	for _, m := range models {
		if ts.ByName[m.Table] != nil {
			return nil, fmt.Errorf("timakgorm: two models are registered for the table %q: expected one model per table", m.Table)
		}
		ts.ByName[m.Table] = newTable(d, m, Home{}, quote)
	}
	return ts, nil
}

// CheckColumns checks the columns of all tables that exist already. Errors other
// than model.ErrColumns are ignored: if the database does not answer, the first
// write checks again.
func (ts *Tables) CheckColumns(db *gorm.DB) error {
	for _, t := range ts.Sorted() {
		err := CheckColumns(db.Statement.Context, ts.Dialect, db.Statement.ConnPool, t.Model, sqltext.QuoteName(t.Model.Table))
		if errors.Is(err, model.ErrColumns) {
			return err
		}
	}
	return nil
}

// Of returns a table by the name that its model gives it, or nil if it is not
// tracked.
func (ts *Tables) Of(name string) *Table { return ts.ByName[name] }

// Candidates returns the tracked tables that a name may mean, ignoring case. A
// name without a schema may mean a table in any schema.
func (ts *Tables) Candidates(name string) []*Table {
	var found []*Table
	for _, t := range ts.ByName {
		if ts.mayMean(name, t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *Table) int { return strings.Compare(a.Model.Table, b.Model.Table) })
	return found
}

// mayMean reports whether a name may mean a tracked table.
func (ts *Tables) mayMean(name string, t *Table) bool {
	known, name := ts.Dialect.Language.Clipped(t.Model.Table), ts.Dialect.Language.Clipped(name)
	bare := sqltext.Unqualified(known) == known || sqltext.Unqualified(name) == name
	return sqltext.SameName(known, name) || bare && sqltext.SameName(sqltext.Unqualified(known), sqltext.Unqualified(name))
}

// Named returns a tracked table that a name may mean, or nil if there is none.
func (ts *Tables) Named(name string) *Table {
	for _, t := range ts.ByName {
		if ts.mayMean(name, t) {
			return t
		}
	}
	return nil
}

// Sorted returns the tables in the order of their names.
func (ts *Tables) Sorted() []*Table {
	var tables []*Table
	for _, name := range slices.Sorted(maps.Keys(ts.ByName)) {
		tables = append(tables, ts.ByName[name])
	}
	return tables
}
