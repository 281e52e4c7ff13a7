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

	// written is the statement's own name for the table, where nobody has asked yet
	// what it means in the session.
	written string
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
	if said[0] == current && (st.TableExpr == nil || v == create) && p.named(st.Table) != nil {
		return true // SQLite's driver inserts by the bare name, or by an alias
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

// saying is what a statement says of its table.
type saying struct {
	item    clause.Expression   // as an item of a FROM
	more    []clause.Expression // other items after it
	sql     string              // the item, as it is written; "" if it is no more than a name
	name    string              // the table, with its schema if that is written
	written string              // the same, as it is written
	alias   string              // "" if there is none
	rows    string              // the name that its rows go by: the alias or the table's
	unclear bool                // there is more that is not understood
}

// readSaying reads what the statement says of its table: what is run, as GORM's
// driver may write another name than it was asked for.
func (c *capture) readSaying() (saying, error) {
	st := c.db.Statement
	said := tableSaid(st, c.verb)
	if st.TableExpr == nil && said == current {
		return saying{item: said, name: st.Table, written: quoteName(st.Table), rows: unqualified(st.Table)}, nil
	}
	text := scratch(st)
	if c.verb == create {
		head, err := c.insertHead()
		if err != nil {
			return saying{}, err
		}
		_, _ = text.WriteString(head)
	} else {
		said.Build(text)
	}
	s := saying{sql: text.SQL.String()}
	s.item = fragment{sql: s.sql}
	named := s.sql
	if parts := using.FindStringSubmatch(s.sql); parts != nil && len(text.Vars) == 0 {
		named = parts[1]
		s.item, s.more = fragment{sql: parts[1]}, []clause.Expression{fragment{sql: parts[2]}}
	}
	words := afterWord(sqlWords(named), "only", 1)
	var rest, end []string
	s.name, rest = tableName(words)
	s.written = strings.Join(words[:len(words)-len(rest)], "")
	after := afterWord(rest, "as", 1)
	s.rows = c.plugin.dialect.lastName(words[:len(words)-len(rest)])
	if s.alias, end = tableName(after); s.alias != "" {
		s.alias = c.plugin.dialect.lastName(after[:len(after)-len(end)])
		s.rows = s.alias
	}
	s.unclear = len(end) > 0 || len(text.Vars) > 0
	return s, nil
}

// lastName returns the last name among words as the database has it: Postgres has
// one without quotes in lower case.
func (d dialect) lastName(words []string) string {
	for i, word := range slices.Backward(words) {
		if !isName(word) || sameName(word, "uescape") {
			continue
		}
		name := namePart(word, escapeOf(words[i+1:]))
		if d.lock && name == word {
			return strings.ToLower(name)
		}
		return name
	}
	return ""
}

// insertHead returns what the INSERT that is run has after INTO and before its
// columns.
func (c *capture) insertHead() (string, error) {
	st := c.db.Statement
	text := scratch(st)
	insert := st.Clauses["INSERT"]
	if build, ok := st.ClauseBuilders["INSERT"]; ok {
		build(insert, text)
	} else {
		insert.Build(text)
	}
	head := text.SQL.String()
	readings := c.plugin.dialect.readings(head)
	into := slices.IndexFunc(readings[0], func(word string) bool { return sameName(word, "into") })
	if len(readings) > 1 || into < 0 || !strings.HasPrefix(strings.TrimSpace(st.SQL.String()), head) {
		return "", c.refuse(fmt.Sprintf("it does not begin with %q, as GORM writes an INSERT", head))
	}
	return strings.Join(readings[0][into+1:], " "), nil
}

// findTarget finds the tracked table that a statement writes; nil if it is
// another.
func (c *capture) findTarget() (*target, error) {
	said, err := c.readSaying()
	if err != nil {
		return nil, err
	}
	known, asked, err := c.resolve(said)
	if known == nil || err != nil {
		return nil, err
	}
	if said.unclear {
		c.target = &target{table: known}
		return nil, c.refuse(fmt.Sprintf("its table is %q: name the table, and an alias if need be", said.sql))
	}
	t := &target{item: said.item, more: said.more}
	t.as(known, said.alias, quoter(c.db.Statement))
	if !asked {
		t.written, c.changes.written = said.written, said.written
	}
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
		t.name, t.sql = alias, known.dialect.statementsAs(known.model, known.at, alias, quote)
	}
}

func quoter(st *gorm.Statement) func(string) string {
	return func(name string) string { return st.Quote(name) }
}

// resolve returns the tracked table that a statement means, and whether the
// database was asked; nil if it means another.
func (c *capture) resolve(said saying) (known *table, asked bool, err error) {
	p, ctx := c.plugin, c.db.Statement.Context
	candidates := p.candidates(said.name)
	if len(candidates) == 0 {
		return nil, false, nil
	}
	if len(candidates) == 1 {
		placed, err := p.homeOf(ctx, c.ConnPool, candidates[0])
		if err != nil {
			return nil, false, err
		}
		switch {
		case placed == nil:
		case placed.writtenOut(said):
			return placed, true, nil
		case placed.plainly(said) && !p.mayStray(c.ConnPool):
			return placed, false, nil
		}
	}
	known, err = c.ask(said.written, candidates)
	return known, true, err
}

// writtenOut reports whether a statement names the table with its home. A name
// whose case may be folded is asked about.
func (t *table) writtenOut(said saying) bool {
	return schemaOf(said.name) != "" && said.name == t.at.schema+"."+unqualified(t.model.table) &&
		(said.written == quoteName(said.name) || strings.ToLower(said.name) == said.name)
}

// plainly reports whether a statement names the table as its model does, where the
// table is the first that is found by that name unless something hides it.
func (t *table) plainly(said saying) bool {
	return said.name == t.model.table && schemaOf(said.name) == "" && (t.dialect.numbered || t.at.schema == "main")
}

// ask asks the database which of some tracked tables a name means; nil if it is
// none of them. It refuses a name that means a part or a view of one, and one that
// only the session finds.
func (c *capture) ask(written string, candidates []*table) (*table, error) {
	p, ctx := c.plugin, c.db.Statement.Context
	m, err := p.meaningOf(ctx, c.ConnPool, written)
	switch {
	case err != nil || !m.found:
		return nil, err
	case m.is != "":
		placed, err := p.homeOf(ctx, c.ConnPool, p.tables[m.is])
		if err == nil && (placed == nil || !sameName(placed.at.schema, m.at)) { // it has moved, and nobody has told us
			p.schema.change()()
			placed, err = p.homes.ask(ctx, p, c.ConnPool, p.tables[m.is])
		}
		return placed, err
	case m.part != "":
		return nil, c.refuse(fmt.Sprintf("%s is a part or a view of %s here: name that", unquoted(written), m.part))
	}
	for _, t := range candidates {
		placed, err := p.homeOf(ctx, c.ConnPool, t)
		if err != nil {
			return nil, err
		}
		if placed == nil && schemaOf(t.model.table) == "" {
			return nil, c.refuse(fmt.Sprintf("only this session finds a table %s, and no fresh connection does: "+
				"have all of the pool's connections begin with the search_path that leads to it, or name its schema in the model's TableName", t.model.table))
		}
	}
	if schemaOf(unquoted(written)) == "" {
		c.tellOfStray(written)
	}
	return nil, nil
}

// schemaOf returns the schema in the name of a table; empty if it has none.
func schemaOf(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return ""
}
