package hooks

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/cascade"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// origin is the table that a statement writes, and from which foreign keys lead on.
type origin struct {
	table   *cascade.Table
	name    string              // the name that the statement gives its rows
	item    clause.Expression   // the table as an item of a FROM
	more    []clause.Expression // the other items of the statement's FROM
	unknown string              // why its rows are not known; empty if they are
}

// mayReach reports whether foreign keys may pass on what a statement does to rows of
// a table that is not tracked.
func (h *Hooks) mayReach(st *gorm.Statement, v statement.Verb) bool {
	tables, err := h.keys.Of(st.Context, st.ConnPool)
	if err != nil { // the statement's own table is not tracked: it must not fail
		h.keys.WarnOfFailure(st.Context, err)
		return false
	}
	upserts := v != statement.Create || st.Clauses["ON CONFLICT"].Expression != nil || st.Clauses["INSERT"].Expression != nil
	reaches := func(t *cascade.Table) bool { return len(t.Keys)+len(t.Parts) > 0 && (upserts || t.Replaces) }
	if !slices.ContainsFunc(tables, reaches) {
		return false
	}
	said := statement.TableClause(st, v)
	if said == statement.Current && (st.TableExpr == nil || v == statement.Create) && slices.ContainsFunc(cascade.TablesNamed(tables, st.Table), reaches) {
		return true
	}
	if st.TableExpr == nil && said == statement.Current {
		return false
	}
	text := statement.Scratch(st)
	said.Build(text)
	sql := strings.ToLower(text.SQL.String())
	return slices.ContainsFunc(tables, func(t *cascade.Table) bool {
		return reaches(t) && (strings.Contains(sql, strings.ToLower(t.Name)) || strings.Contains(t.Name, `"`) || strings.Contains(sql, "u&"))
	})
}

// origin returns the table that the statement writes; nil if no foreign keys lead
// from it to a tracked table.
func (c *capture) origin(ctx context.Context, tables []*cascade.Table) (*origin, error) {
	if c.target != nil {
		i := slices.IndexFunc(tables, func(t *cascade.Table) bool { return t.Own != nil && t.Own.Model == c.target.Table.Model })
		if i < 0 {
			return nil, nil
		}
		return &origin{table: tables[i], name: c.target.Name, item: c.target.Item}, nil
	}
	said, err := statement.Read(c.hooks.tables.Dialect.Language, c.db.Statement, c.verb)
	if err != nil {
		return nil, err
	}
	named := slices.DeleteFunc(cascade.TablesNamed(tables, said.Name), func(t *cascade.Table) bool { return len(cascade.CourseOf(t, c.impacts(t), "").Ends) == 0 })
	t, err := c.hooks.keys.Resolve(ctx, c.ConnPool, said.Written, named)
	if t == nil || err != nil {
		return nil, err
	}
	return c.originOf(t, said), nil
}

// originOf returns the origin of a statement that writes a table which is not tracked.
func (c *capture) originOf(t *cascade.Table, said statement.TableRef) *origin {
	st := c.db.Statement
	o := &origin{table: t, name: said.Rows, item: said.Item, more: said.More}
	if _, sets := st.Clauses["SET"]; sets {
		if from, ok := st.Clauses["FROM"].Expression.(clause.From); ok {
			o.more = append([]clause.Expression{from}, o.more...)
		}
	}
	if said.Unclear {
		o.unknown = "its table is written as " + said.SQL
	}
	return o
}

// startValues locks the rows that the statement is about, and returns the values that
// the first steps look for. A statement on a table that is not tracked is narrowed to
// these rows.
//
// An update may set the columns that others refer to without changing them, as GORM's
// Save does, which sets all columns. Then Postgres locks the rows so that other
// transactions can still refer to them. A stronger lock here could cause a deadlock
// that would not happen without timak.
func (r *reach) startValues(ctx context.Context, first []*cascade.Step) ([][][]any, error) {
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
	if where, there := c.db.Statement.Clauses["WHERE"]; c.target == nil && !c.hooks.tables.Dialect.Lock && there { // on a new line, as its SET may end in a comment
		c.setClause("WHERE", where.Expression)
		statement.OnNewLines(c.db.Statement, "WHERE")
		return read.found, c.rebuild()
	}
	if c.target == nil && c.hooks.tables.Dialect.Lock {
		return read.found, c.narrowTo(statement.Quoter(c.db.Statement)(r.origin.name), read.ids, read.places, len(r.origin.more) > 0)
	}
	return read.found, nil
}

// startRows is one read of the rows that a statement is about.
type startRows struct {
	first    []*cascade.Step
	where    clause.Clause
	strength string             // of the lock
	moves    statement.Fragment // the condition that a row changes what others refer to; empty: every row does

	found       [][][]any // the values that the first steps look for
	moved       bool      // some row changes what others refer to
	ids, places []string  // of the rows, on Postgres: table and ctid, and ctid alone
}

func (r *reach) readStart(ctx context.Context, read *startRows) error {
	c := r.capture
	d := c.hooks.tables.Dialect
	quote := statement.Quoter(c.db.Statement)
	rows := quote(r.origin.name)
	columns := cascade.Referred(d, read.first, func(name string) string { return rows + "." + quote(name) })
	if d.Lock {
		columns = append(columns, rows+".tableoid::text || "+rows+".ctid::text", rows+".ctid::text")
	}
	moves := statement.Fragment{SQL: cmp.Or(read.moves.SQL, "1 = 1"), Vars: read.moves.Vars}
	moves.SQL = strings.Join(append(columns, "("+moves.SQL+")"), ", ")
	q := statement.Scratch(c.db.Statement)
	q.AddClause(clause.Select{Expression: moves})
	q.Clauses["FROM"] = clause.Clause{Name: "FROM", Expression: statement.Items(append([]clause.Expression{r.origin.item}, r.origin.more...))}
	if read.where.Expression != nil {
		q.Clauses["WHERE"] = read.where
	}
	if d.Lock {
		q.AddClause(clause.Locking{Strength: read.strength, Table: clause.Table{Name: r.origin.name}})
	}
	statement.OnNewLines(q, "FOR")
	q.Build("SELECT", "FROM", "WHERE", "FOR")
	if q.Error != nil {
		return q.Error
	}
	read.found = make([][][]any, len(read.first))
	return dialect.EachValues(ctx, c.ConnPool, q.SQL.String(), q.Vars, func(row []any) error {
		read.add(row, d.Lock)
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
		cascade.Cut(row, read.first, read.found)
	}
}

// moves returns the condition that an update changes a column that the first steps
// look for, and whether that can be told from its values. Texts are compared as text,
// which is stricter than some types of columns.
func (r *reach) moves(first []*cascade.Step) (moves statement.Fragment, may bool) {
	c := r.capture
	set, plain := c.db.Statement.Clauses["SET"].Expression.(clause.Set)
	if !plain || !c.hooks.tables.Dialect.Lock || slices.ContainsFunc(r.impacts, func(impact cascade.Impact) bool {
		return impact.Conflicting || impact.Kind != cascade.RowsChange || impact.Columns == nil
	}) {
		return statement.Fragment{}, false
	}
	var parts []string
	for _, assignment := range set {
		name := assignment.Column.Name
		if !slices.ContainsFunc(first, func(s *cascade.Step) bool { return s.Key.RefersTo(name) }) {
			continue
		}
		if !statement.IsPlain(assignment.Value) {
			return statement.Fragment{}, false
		}
		column := statement.Quoter(c.db.Statement)(r.origin.name + "." + name)
		if _, text := assignment.Value.(string); text {
			column += "::text"
		}
		parts = append(parts, column+" IS DISTINCT FROM ?")
		moves.Vars = append(moves.Vars, assignment.Value)
	}
	moves.SQL = strings.Join(parts, " OR ")
	return moves, len(parts) > 0
}

// where returns the condition of the rows that the statement is about, and whether
// there are any that can be known.
func (r *reach) where(ctx context.Context) (where clause.Clause, some bool, err error) {
	c := r.capture
	switch {
	case c.target != nil:
		some = c.spill != nil || len(c.changes.Rows) > 0
		return statement.WhereAny(c.among()), some, nil
	case slices.ContainsFunc(r.impacts, func(impact cascade.Impact) bool { return impact.Conflicting }):
		return r.whereReplaced(ctx)
	default:
		return c.db.Statement.Clauses["WHERE"], true, nil
	}
}

// whereReplaced is where for a statement that replaces rows of a table which is not
// tracked. If they cannot be found, the statement still runs, and the log says why
// they are not followed.
func (r *reach) whereReplaced(ctx context.Context) (where clause.Clause, some bool, err error) {
	c := r.capture
	primary, err := c.primaryKey(ctx, r.origin.table)
	if err != nil {
		return where, false, err
	}
	common, err := c.conflicting(ctx, replaced{r.origin.table.Name, r.origin.table.From, r.origin.name, primary})
	if err != nil {
		r.course = cascade.CourseOf(r.origin.table, r.impacts, "the rows that it replaces cannot be found: "+strings.TrimPrefix(err.Error(), "timakgorm: "))
		return where, false, nil
	}
	if conditions, updates := c.db.Statement.Clauses["WHERE"].Expression.(clause.Where); updates {
		return statement.WhereAny(common, clause.And(conditions.Exprs...)), true, nil
	}
	return statement.WhereAny(common), true, nil
}

// primaryKey returns the columns by which SQLite identifies the rows of a table.
func (c *capture) primaryKey(ctx context.Context, t *cascade.Table) (columns []string, err error) {
	err = dialect.EachValues(ctx, c.ConnPool, "SELECT name FROM pragma_table_info(?, ?) WHERE pk > 0 ORDER BY pk", []any{t.Name, t.Schema}, func(row []any) error {
		name, err := dialect.TextValue(row[0])
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

// narrowTo makes a statement on a table that is not tracked change only the locked
// rows. A locked row keeps its ctid.
func (c *capture) narrowTo(rows string, ids, places []string, joins bool) error {
	idList, err := model.JSON(nonNil(ids))
	if err != nil {
		return err
	}
	placeList, err := model.JSON(nonNil(places))
	if err != nil {
		return err
	}
	const list = "ANY (ARRAY(SELECT json_array_elements_text(?::text::json)"
	narrowed := statement.First{Ours: statement.Fragment{
		SQL:  rows + ".ctid = " + list + "::tid)) AND " + rows + ".tableoid::text || " + rows + ".ctid::text = " + list + "))",
		Vars: []any{string(placeList), string(idList)},
	}}
	if conditions, _ := c.db.Statement.Clauses["WHERE"].Expression.(clause.Where); joins {
		narrowed.Users = conditions.Exprs
	}
	c.setClause("WHERE", clause.Where{Exprs: []clause.Expression{narrowed}})
	statement.OnNewLines(c.db.Statement, "WHERE")
	return c.rebuild()
}

func nonNil(texts []string) []string { return append([]string{}, texts...) }
