package hooks

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// carriedForm is a statement in a form that can carry its own record.
type carriedForm struct {
	inserts  bool
	conflict *clause.OnConflict // of an upsert, which may meet one row
	meets    [][]any            // the values by which it finds that
	returns  bool               // it returns rows
	users    []clause.Column    // the columns of these; none: all
}

// carriedForm returns the form of the statement, and whether it can carry its record.
func (c *capture) carriedForm() (*carriedForm, bool) {
	tx := session.TransactionOf(c.ConnPool)
	if !c.hooks.tables.Dialect.Lock || c.target == nil || c.reach != nil || len(c.target.More) > 0 || tx != nil && tx.OldSnapshot || !c.plainClauses() {
		return nil, false
	}
	form := &carriedForm{inserts: c.verb == statement.Create}
	if !form.addReturning(c.db.Statement) || c.setsKey() {
		return nil, false
	}
	conflict, upserts := c.db.Statement.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	if !form.inserts || !upserts || conflict.DoNothing {
		return form, true
	}
	form.conflict = &conflict
	return form, form.addUpsert(c)
}

// plainClauses reports whether the clauses that the statement consists of are GORM's own.
func (c *capture) plainClauses() bool {
	st := c.db.Statement
	return !slices.ContainsFunc(c.built(), func(name string) bool {
		part, there := st.Clauses[name]
		_, builds := st.ClauseBuilders[name]
		return there && (builds || !unadorned(part) || !isPlainClause(part.Expression))
	})
}

func isPlainClause(expression clause.Expression) bool {
	switch e := expression.(type) {
	case nil, clause.Values, clause.Set, clause.Where, clause.Returning, clause.OnConflict:
		return true
	case clause.Insert:
		return e.Modifier == ""
	case clause.Update:
		return e.Modifier == ""
	case clause.Delete:
		return e.Modifier == ""
	case clause.From:
		return len(e.Tables) <= 1 && len(e.Joins) == 0
	default:
		return false
	}
}

// addReturning adds what the statement returns, and reports whether these are columns.
func (f *carriedForm) addReturning(st *gorm.Statement) bool {
	var returning clause.Returning
	if returning, f.returns = st.Clauses["RETURNING"].Expression.(clause.Returning); !f.returns {
		return true
	}
	if slices.ContainsFunc(returning.Columns, func(column clause.Column) bool { return column.Name == "*" }) && len(returning.Columns) == 1 {
		return true
	}
	f.users = returning.Columns
	return !slices.ContainsFunc(f.users, func(column clause.Column) bool { return column.Raw || !bareName.MatchString(column.Name) })
}

// bareName matches a name that GORM quotes as it is.
var bareName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*$`)

// addUpsert adds how an upsert of one row finds the row that it may meet, and reports
// whether its values say that.
func (f *carriedForm) addUpsert(c *capture) bool {
	values, _ := c.db.Statement.Clauses["VALUES"].Expression.(clause.Values)
	if len(values.Values) != 1 || assignsKey(c.target.Table, f.conflict.DoUpdates, f.conflict.Columns) {
		return false
	}
	var known bool
	f.meets, known = c.conflictRows(*f.conflict, false)
	return known && len(f.meets) == 1 && !c.comments(f.conflict.DoUpdates)
}

// comments reports whether a part of the statement may contain a comment, which would hide
// what is written behind it.
func (c *capture) comments(part clause.Expression) bool {
	text := statement.Scratch(c.db.Statement)
	part.Build(text)
	sql := text.SQL.String()
	return strings.Contains(sql, "--") || strings.Contains(sql, "/*")
}

// carriedText is the text of a statement in the form.
func (c *capture) carriedText(form *carriedForm) (*gorm.Statement, string) {
	old := c.carriedOld(form)
	done := c.carriedDone(form, old)
	parts := dialect.Carry{Table: c.target.Table, Written: c.target.Written, Old: old.SQL.String(), Done: done.SQL.String(), Finds: !form.inserts}
	if form.returns {
		parts.Users = form.usersColumns(c.db.Statement)
	}
	return done, parts.SQL()
}

// carriedOld returns the part that locks and reads the rows.
func (c *capture) carriedOld(form *carriedForm) *gorm.Statement {
	st := c.db.Statement
	columns := statement.Fragment{SQL: c.target.Table.CarryOld(c.target.SQL)}
	switch {
	case form.conflict != nil:
		return c.target.Query(st, statement.WhereIn(c.target.Name, columnNames(form.conflict.Columns), form.meets), columns)
	case form.inserts:
		return statement.Scratch(st)
	default:
		return c.target.Query(st, st.Clauses["WHERE"], columns)
	}
}

// carriedDone returns the part that is the statement, whose parameters follow those of
// the first part.
func (c *capture) carriedDone(form *carriedForm, old *gorm.Statement) *gorm.Statement {
	st, t := c.db.Statement, c.target
	q := statement.Scratch(st)
	q.Vars = old.Vars
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

// runCarried runs the statement in the form.
func (c *capture) runCarried(ctx context.Context, form *carriedForm) (*carried, error) {
	done, text := c.carriedText(form)
	if done.Error != nil {
		return nil, done.Error
	}
	found, err := c.ConnPool.QueryContext(ctx, text, done.Vars...)
	if err != nil {
		return nil, err
	}
	all, err := keep(found)
	if err != nil {
		return nil, err
	}
	c.unknown = true
	return form.read(all, c.target.Table.CarriedColumns())
}

// read takes what the statement has returned apart.
func (f *carriedForm) read(all *replay, ours int) (*carried, error) {
	if len(all.values) == 0 {
		return nil, errors.New("timakgorm: a statement that carries its record returned no row: expected one at least")
	}
	const facts = dialect.CarryFacts
	last := len(all.columns)
	if f.returns && len(f.users) == 0 {
		last -= ours
	}
	ran := &carried{}
	if f.returns {
		ran.all = &replay{columns: all.columns[facts:last]}
	}
	for _, row := range all.values {
		done := ran.done
		if err := ran.add(row[:facts]); err != nil {
			return nil, err
		}
		if f.returns && ran.done > done {
			ran.all.values = append(ran.all.values, row[facts:last])
		}
	}
	return ran, nil
}

// add adds the facts of a row.
func (r *carried) add(row []driver.Value) error {
	done, ok := row[3].(int64)
	recorded, is := row[4].(bool)
	current, was := row[2].(bool)
	if !ok || !is || !was {
		return fmt.Errorf("timakgorm: a statement that carries its record returned %v: expected numbers and booleans", row)
	}
	same, _ := row[0].(bool) // NULL, if there is no such table any more
	plain, _ := row[1].(bool)
	r.same, r.plain, r.current = same, plain, current
	r.done += done
	r.recorded = r.recorded || recorded
	return errors.Join(addCarriedRows(row[5], &r.unrecorded), addCarriedRows(row[6], &r.left))
}

func addCarriedRows(value driver.Value, into *[]dialect.CarriedRow) error {
	text, err := dialect.TextValue(value)
	if text == nil || err != nil {
		return err
	}
	var rows []dialect.CarriedRow
	if err := json.Unmarshal([]byte(*text), &rows); err != nil {
		return fmt.Errorf("timakgorm: rows that a statement has not recorded: %w", err)
	}
	*into = append(*into, rows...)
	return nil
}
