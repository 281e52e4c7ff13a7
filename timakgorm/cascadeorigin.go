package timakgorm

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// origin is the table that a statement writes, as foreign keys see it.
type origin struct {
	table   *fkTable
	name    string              // that the statement gives its rows
	item    clause.Expression   // the table as an item of a FROM
	more    []clause.Expression // the other items of the statement's FROM
	unknown string              // why its rows are not known; empty if they are
}

// mayReach reports whether foreign keys may pass on what a statement does.
func (p *Plugin) mayReach(st *gorm.Statement, v verb) bool {
	tables, err := p.cascades.of(st.Context, p, st.ConnPool)
	if err != nil { // the statement's own table is not tracked
		p.opts.Logger.WarnContext(st.Context, "timak: foreign keys could not be looked at", "error", err)
		return false
	}
	upserts := v != create || st.Clauses["ON CONFLICT"].Expression != nil || st.Clauses["INSERT"].Expression != nil
	reaches := func(t *fkTable) bool { return len(t.keys)+len(t.parts) > 0 && (upserts || t.replaces) }
	if !slices.ContainsFunc(tables, reaches) {
		return false
	}
	said := tableSaid(st, v)
	if said == current && (st.TableExpr == nil || v == create) && slices.ContainsFunc(tablesNamed(tables, st.Table), reaches) {
		return true
	}
	if st.TableExpr == nil && said == current {
		return false
	}
	text := scratch(st)
	said.Build(text)
	sql := strings.ToLower(text.SQL.String())
	return slices.ContainsFunc(tables, func(t *fkTable) bool {
		return reaches(t) && (strings.Contains(sql, strings.ToLower(t.name)) || strings.Contains(t.name, `"`) || strings.Contains(sql, "u&"))
	})
}

// origin returns the table that the statement writes, if foreign keys lead from it
// to a tracked one; nil if none do.
func (c *capture) origin(ctx context.Context, tables []*fkTable) (*origin, error) {
	if c.target != nil {
		i := slices.IndexFunc(tables, func(t *fkTable) bool { return t.own != nil && t.own.model == c.target.table.model })
		if i < 0 {
			return nil, nil
		}
		return &origin{table: tables[i], name: c.target.name, item: c.target.item}, nil
	}
	said, err := c.readSaying()
	if err != nil {
		return nil, err
	}
	named := slices.DeleteFunc(tablesNamed(tables, said.name), func(t *fkTable) bool { return len(courseOf(t, c.impacts(t), "").ends) == 0 })
	t, err := c.plugin.theOne(ctx, c.ConnPool, said.written, named)
	if t == nil || err != nil {
		return nil, err
	}
	return c.originOf(t, said), nil
}

// originOf returns a table that is not tracked as the origin that a statement makes
// of it.
func (c *capture) originOf(t *fkTable, said saying) *origin {
	st := c.db.Statement
	o := &origin{table: t, name: said.rows, item: said.item, more: said.more}
	if _, sets := st.Clauses["SET"]; sets {
		if from, ok := st.Clauses["FROM"].Expression.(clause.From); ok {
			o.more = append([]clause.Expression{from}, o.more...)
		}
	}
	if said.unclear {
		o.unknown = "its table is written as " + said.sql
	}
	return o
}

// startValues locks the rows that the statement is about, and returns what the first
// steps look for. Rows of a table that is not tracked are all that it will change.
//
// An update may leave the columns alone that others refer to, as GORM's Save does,
// which sets them all. Then Postgres locks the rows so that others can still refer
// to them; to lock more than that would be a deadlock of our own making.
func (r *reach) startValues(ctx context.Context, first []*step) ([][][]any, error) {
	where, some, err := r.where(ctx)
	if !some || err != nil {
		return make([][][]any, len(first)), err
	}
	read := &startRows{first: first, where: where, strength: "UPDATE"}
	moves, may := r.moves(first)
	if may {
		read.strength, read.moves = "NO KEY UPDATE", moves
	}
	if err := r.readStart(ctx, read); err != nil {
		return nil, err
	}
	if may && read.moved {
		read = &startRows{first: first, where: where, strength: "UPDATE", moves: moves}
		if err := r.readStart(ctx, read); err != nil {
			return nil, err
		}
	}
	c := r.capture
	if where, there := c.db.Statement.Clauses["WHERE"]; c.target == nil && !c.plugin.dialect.lock && there { // past a comment in its SET
		c.setClause("WHERE", where.Expression)
		onNewLines(c.db.Statement, "WHERE")
		return read.found, c.rebuild()
	}
	if c.target == nil && c.plugin.dialect.lock {
		return read.found, c.narrowTo(quoter(c.db.Statement)(r.origin.name), read.ids, read.places, len(r.origin.more) > 0)
	}
	return read.found, nil
}

// startRows is a reading of the rows that a statement is about.
type startRows struct {
	first    []*step
	where    clause.Clause
	strength string   // of the lock
	moves    fragment // whether a row changes what others refer to; empty: they all do

	found       [][][]any // what the first steps look for
	moved       bool      // some row does
	ids, places []string  // of the rows, on Postgres
}

func (r *reach) readStart(ctx context.Context, read *startRows) error {
	c := r.capture
	d := c.plugin.dialect
	quote := quoter(c.db.Statement)
	rows := quote(r.origin.name)
	columns := referred(d, read.first, func(name string) string { return rows + "." + quote(name) })
	if d.lock {
		columns = append(columns, rows+".tableoid::text || "+rows+".ctid::text", rows+".ctid::text")
	}
	moves := fragment{sql: cmp.Or(read.moves.sql, "1 = 1"), vars: read.moves.vars}
	moves.sql = strings.Join(append(columns, "("+moves.sql+")"), ", ")
	q := scratch(c.db.Statement)
	q.AddClause(clause.Select{Expression: moves})
	q.Clauses["FROM"] = clause.Clause{Name: "FROM", Expression: items(append([]clause.Expression{r.origin.item}, r.origin.more...))}
	if read.where.Expression != nil {
		q.Clauses["WHERE"] = read.where
	}
	if d.lock {
		q.AddClause(clause.Locking{Strength: read.strength, Table: clause.Table{Name: r.origin.name}})
	}
	onNewLines(q, "FOR")
	q.Build("SELECT", "FROM", "WHERE", "FOR")
	if q.Error != nil {
		return q.Error
	}
	read.found = make([][][]any, len(read.first))
	return eachRow(ctx, c.ConnPool, q.SQL.String(), q.Vars, func(row []any) error {
		read.add(row, d.lock)
		return nil
	})
}

// add adds a row.
func (read *startRows) add(row []any, placed bool) {
	last := len(row) - 1
	moves := row[last] == true || row[last] == int64(1)
	read.moved = read.moved || moves
	if placed {
		id, _ := row[last-2].(string)
		place, _ := row[last-1].(string)
		read.ids, read.places = append(read.ids, id), append(read.places, place)
	}
	if moves {
		cut(row, read.first, read.found)
	}
}

// moves is the condition that an update changes a column that the first steps look
// for, where its values can be compared. Postgres asks for more than equal texts.
func (r *reach) moves(first []*step) (moves fragment, may bool) {
	c := r.capture
	set, plain := c.db.Statement.Clauses["SET"].Expression.(clause.Set)
	if !plain || !c.plugin.dialect.lock || slices.ContainsFunc(r.impacts, func(on impact) bool { return on.met || on.kind != rowsChange || on.columns == nil }) {
		return fragment{}, false
	}
	var parts []string
	for _, assignment := range set {
		name := assignment.Column.Name
		if !slices.ContainsFunc(first, func(s *step) bool { return s.key.refersTo(name) }) {
			continue
		}
		if !isPlain(assignment.Value) {
			return fragment{}, false
		}
		column := quoter(c.db.Statement)(r.origin.name + "." + name)
		if _, text := assignment.Value.(string); text {
			column += "::text"
		}
		parts = append(parts, column+" IS DISTINCT FROM ?")
		moves.vars = append(moves.vars, assignment.Value)
	}
	moves.sql = strings.Join(parts, " OR ")
	return moves, len(parts) > 0
}

// refersTo reports whether a foreign key refers to a column.
func (k *foreignKey) refersTo(name string) bool {
	return slices.ContainsFunc(k.columns, func(column fkColumn) bool { return sameName(column.Refers, name) })
}

// where is the condition of the rows that the statement is about; false if there are
// none, or they cannot be known.
func (r *reach) where(ctx context.Context) (where clause.Clause, some bool, err error) {
	c := r.capture
	switch {
	case c.target != nil:
		some = c.spill != nil || len(c.changes.rows) > 0
		return whereAny(c.among()), some, nil
	case slices.ContainsFunc(r.impacts, func(on impact) bool { return on.met }):
		return r.whereReplaced(ctx)
	default:
		return c.db.Statement.Clauses["WHERE"], true, nil
	}
}

// whereReplaced is where for a statement that replaces rows of a table which is not
// tracked. If they cannot be found, the statement runs all the same.
func (r *reach) whereReplaced(ctx context.Context) (where clause.Clause, some bool, err error) {
	c := r.capture
	primary, err := c.primaryKey(ctx, r.origin.table)
	if err != nil {
		return where, false, err
	}
	common, err := c.inTheWay(ctx, replaced{r.origin.table.name, r.origin.table.from, r.origin.name, primary})
	if err != nil {
		r.course = courseOf(r.origin.table, r.impacts, "the rows in its way cannot be found: "+err.Error())
		return where, false, nil
	}
	if conditions, updates := c.db.Statement.Clauses["WHERE"].Expression.(clause.Where); updates {
		return whereAny(common, clause.And(conditions.Exprs...)), true, nil
	}
	return whereAny(common), true, nil
}

// whereAny is the clause: one of some conditions holds.
func whereAny(conditions ...clause.Expression) clause.Clause {
	return clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: []clause.Expression{clause.Or(conditions...)}}}
}

// primaryKey returns the columns by which SQLite tells the rows of a table apart.
func (c *capture) primaryKey(ctx context.Context, t *fkTable) (columns []string, err error) {
	err = eachRow(ctx, c.ConnPool, "SELECT name FROM pragma_table_info(?, ?) WHERE pk > 0 ORDER BY pk", []any{t.name, t.schema}, func(row []any) error {
		name, err := textValue(row[0])
		if err == nil {
			columns = append(columns, *name)
		}
		return err
	})
	if len(columns) == 0 {
		columns = []string{"rowid"}
	}
	return columns, err
}

// narrowTo makes a statement on a table that is not tracked change the rows which
// are locked, and no others. While they are, each stays at its place.
func (c *capture) narrowTo(rows string, ids, places []string, joins bool) error {
	idList, err := marshal(nonNil(ids))
	if err != nil {
		return err
	}
	placeList, err := marshal(nonNil(places))
	if err != nil {
		return err
	}
	const list = "ANY (ARRAY(SELECT json_array_elements_text(?::text::json)"
	narrowed := first{ours: fragment{
		sql:  rows + ".ctid = " + list + "::tid)) AND " + rows + ".tableoid::text || " + rows + ".ctid::text = " + list + "))",
		vars: []any{string(placeList), string(idList)},
	}}
	if conditions, _ := c.db.Statement.Clauses["WHERE"].Expression.(clause.Where); joins {
		narrowed.users = conditions.Exprs
	}
	c.setClause("WHERE", clause.Where{Exprs: []clause.Expression{narrowed}})
	onNewLines(c.db.Statement, "WHERE")
	return c.rebuild()
}

func nonNil(texts []string) []string { return append([]string{}, texts...) }
