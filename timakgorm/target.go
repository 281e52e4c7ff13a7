package timakgorm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// target is the tracked table that a statement writes, as the statement says
// it: under another name, in another case, with its schema or by an alias.
type target struct {
	table *table
	sql   statements          // with rows by the name that the statement gives them
	name  string              // that name, in which rows are locked
	item  clause.Expression   // the table as an item of a FROM
	more  []clause.Expression // the other items of the statement's FROM
}

// tableSaid returns how a statement says what table it writes. A delete may be
// an update of a soft delete: it says so once it has been built.
func tableSaid(st *gorm.Statement, v verb) quoted {
	_, sets := st.Clauses["SET"]
	var said clause.Table
	switch {
	case v == create:
		insert, _ := st.Clauses["INSERT"].Expression.(clause.Insert)
		said = insert.Table
	case v == update || sets:
		update, _ := st.Clauses["UPDATE"].Expression.(clause.Update)
		said = update.Table
	default:
		if from, ok := st.Clauses["FROM"].Expression.(clause.From); ok && len(from.Tables) > 0 {
			said = from.Tables[0]
		}
	}
	if said.Name == "" {
		return current
	}
	return quoted{said}
}

// current is the table that GORM takes if no clause names one.
var current = quoted{clause.Table{Name: clause.CurrentTable}}

// quoted writes a name as an expression.
type quoted struct{ table clause.Table }

// Build implements clause.Expression.
func (q quoted) Build(builder clause.Builder) { builder.WriteQuoted(q.table) }

// scratch returns a statement to write SQL in that goes with another: its
// tables have the same names. It is not to be run by GORM.
func scratch(st *gorm.Statement) *gorm.Statement {
	return &gorm.Statement{
		DB:      st.Session(&gorm.Session{NewDB: true}),
		Context: st.Context, Table: st.Table, TableExpr: st.TableExpr, Schema: st.Schema, Model: st.Model,
		Clauses: map[string]clause.Clause{},
	}
}

// mayWrite reports whether a statement may write a tracked table.
func (p *Plugin) mayWrite(st *gorm.Statement, v verb) bool {
	said := []quoted{tableSaid(st, v)}
	if st.TableExpr == nil && said[0] == current && p.named(st.Table) != nil {
		return true
	}
	if v == remove {
		said = append(said, tableSaid(st, update))
	}
	return slices.ContainsFunc(said, func(expression quoted) bool {
		text := scratch(st)
		expression.Build(text)
		names := sqlWords(text.SQL.String())
		for i := range names {
			if name, _ := tableName(names[i:]); name != "" && p.named(name) != nil {
				return true
			}
		}
		return false
	})
}

// using parts what a delete says after DELETE FROM.
var using = regexp.MustCompile(`(?is)^(.*?)\sUSING\s(.*)$`)

// findTarget finds the tracked table that a statement writes; nil if it is
// another.
func (c *capture) findTarget() (*target, error) {
	st := c.db.Statement
	said := tableSaid(st, c.verb)
	if known := c.plugin.tables[st.Table]; known != nil && st.TableExpr == nil && said == current {
		t := &target{item: said}
		t.as(known, "", nil)
		return c.withFrom(t), nil
	}
	text := scratch(st)
	said.Build(text)
	sql := text.SQL.String()
	t := &target{item: said}
	if parts := using.FindStringSubmatch(sql); parts != nil && len(text.Vars) == 0 {
		sql = parts[1]
		t.item, t.more = clause.Expr{SQL: parts[1]}, []clause.Expression{clause.Expr{SQL: parts[2]}}
	}
	words := afterWord(sqlWords(sql), "only", 1)
	name, rest := tableName(words)
	alias, rest2 := tableName(afterWord(rest, "as", 1))
	known, err := c.resolve(name, strings.Join(words[:len(words)-len(rest)], ""))
	if known == nil || err != nil {
		return nil, err
	}
	if len(rest2) > 0 || len(text.Vars) > 0 {
		c.target = &target{table: known}
		return nil, c.refuse(fmt.Sprintf("its table is %q: name the table, and an alias if need be", sql))
	}
	t.as(known, alias, quoter(st))
	return c.withFrom(t), nil
}

// withFrom adds what an update says in its FROM.
func (c *capture) withFrom(t *target) *target {
	_, sets := c.db.Statement.Clauses["SET"]
	if from, ok := c.db.Statement.Clauses["FROM"].Expression.(clause.From); ok && (c.verb == update || sets) {
		t.more = append(t.more, from)
	}
	return t
}

// as sets the table and the name that its rows go by.
func (t *target) as(known *table, alias string, quote func(string) string) {
	t.table, t.sql, t.name = known, known.sql, unqualified(known.model.table)
	if alias != "" {
		t.name, t.sql = alias, known.dialect.statementsAs(known.model, alias, quote)
	}
}

func quoter(st *gorm.Statement) func(string) string {
	return func(name string) string { return st.Quote(name) }
}

// resolve returns the tracked table that the database finds under a name, given
// as it is written as well.
func (c *capture) resolve(name, written string) (*table, error) {
	if t := c.plugin.tables[name]; t != nil {
		return t, nil
	}
	t := c.plugin.named(name)
	switch {
	case t == nil:
		return nil, nil
	case c.plugin.dialect.name == sqlite.name:
		if schemaOf(name) != "" && schemaOf(t.model.table) == "" && !sameName(schemaOf(name), "main") {
			return nil, nil
		}
		return t, nil
	}
	var same bool
	err := c.ConnPool.QueryRowContext(c.db.Statement.Context, "SELECT coalesce(to_regclass($1) = to_regclass($2), false)",
		written, c.db.Statement.Quote(t.model.table)).Scan(&same)
	if !same {
		return nil, err
	}
	return t, err
}

// schemaOf returns the schema in the name of a table; empty if it has none.
func schemaOf(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return ""
}
