package hooks

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// carriedText is the text of a statement that carries its record.
type carriedText struct {
	form *carriedForm
	sql  string
}

// carriedText returns the text of a statement in the form, with its parameters. These are
// the statement's own, in their order, but for an upsert.
func (c *capture) carriedText(form *carriedForm) (carriedText, []any, error) {
	done := c.carriedDone(form)
	parts := dialect.Carry{Table: c.target.Table, Written: c.target.Written, Done: done.SQL.String(), Finds: !form.inserts, One: form.one}
	last := done
	if old := c.carriedOld(form, done.Vars); old != nil {
		parts.Old, last = old.SQL.String(), old
	}
	if form.returns {
		parts.Users = form.usersColumns(c.db.Statement)
	}
	return carriedText{form, parts.SQL()}, last.Vars, errors.Join(done.Error, last.Error)
}

// carriedOld returns the part that locks and reads the rows, whose parameters follow others;
// nil if there is none.
func (c *capture) carriedOld(form *carriedForm, vars []any) *gorm.Statement {
	st := c.db.Statement
	columns := statement.Fragment{SQL: c.target.Table.CarryOld(c.target.SQL)}
	switch {
	case form.conflict != nil:
		return c.target.QueryAfter(vars, st, statement.WhereIn(c.target.Name, columnNames(form.conflict.Columns), form.meets), columns)
	case form.inserts:
		return nil
	default:
		return c.target.QueryAfter(vars, st, st.Clauses["WHERE"], columns)
	}
}

// carriedDone returns the part that is the statement.
func (c *capture) carriedDone(form *carriedForm) *gorm.Statement {
	st, t := c.db.Statement, c.target
	q := statement.Scratch(st)
	for _, name := range c.built() {
		if part, there := st.Clauses[name]; there {
			q.Clauses[name] = part
		}
	}
	set := func(name string, expression clause.Expression) {
		q.Clauses[name] = clause.Clause{Name: name, Expression: expression}
	}
	found := statement.Fragment{SQL: t.Table.InOld(t.SQL)}
	_, updates := st.Clauses["SET"]
	returns := t.Table.CarryFound(t.SQL, !updates)
	switch {
	case form.inserts:
		returns = t.Table.CarryMade(t.SQL, form.conflict != nil)
		if form.conflict != nil {
			conflict := *form.conflict
			guard := statement.Fragment{SQL: "EXISTS (SELECT FROM timak_old WHERE " + found.SQL + ")"}
			conflict.Where = clause.Where{Exprs: []clause.Expression{statement.First{Ours: guard, Users: conflict.Where.Exprs}}}
			set("ON CONFLICT", conflict)
		}
	case updates:
		set("FROM", statement.Fragment{SQL: "timak_old"})
		set("WHERE", clause.Where{Exprs: []clause.Expression{found}})
	default:
		set("FROM", using{t.Item})
		set("WHERE", clause.Where{Exprs: []clause.Expression{found}})
	}
	set("RETURNING", carriedReturning{form, t.SQL.Name, returns})
	statement.OnNewLines(q, "FROM", "RETURNING")
	names := c.built()
	if !slices.Contains(names, "RETURNING") {
		names = append(slices.Clone(names), "RETURNING")
	}
	q.Build(names...)
	return q
}

// using is the FROM of a delete of rows that are in timak_old.
type using struct{ item clause.Expression }

// Build implements clause.Expression.
func (u using) Build(builder clause.Builder) {
	u.item.Build(builder)
	_, _ = builder.WriteString(" USING timak_old")
}

// carriedReturning is what timak_done returns: the user's columns, and ours.
type carriedReturning struct {
	form *carriedForm
	name string // of the rows
	ours string
}

// Build implements clause.Expression.
func (r carriedReturning) Build(builder clause.Builder) {
	for i, column := range r.form.users {
		builder.WriteQuoted(clause.Column{Table: column.Table, Name: column.Name})
		_, _ = builder.WriteString(fmt.Sprintf(" AS timak_u%d, ", i))
	}
	if r.form.returns && len(r.form.users) == 0 {
		_, _ = builder.WriteString(r.name + ".*, ")
	}
	statement.Fragment{SQL: r.ours}.Build(builder)
}

// usersColumns are the user's columns of timak_done, by the names that the user gave them.
func (f *carriedForm) usersColumns(st *gorm.Statement) string {
	if len(f.users) == 0 {
		return "d.*"
	}
	columns := make([]string, len(f.users))
	for i, column := range f.users {
		name := column.Alias
		if name == "" {
			name = column.Name
		}
		columns[i] = fmt.Sprintf("timak_u%d AS %s", i, st.Quote(clause.Column{Name: name}))
	}
	return strings.Join(columns, ", ")
}
