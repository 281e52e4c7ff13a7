package hooks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/cascade"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// What foreign keys pass on from a statement that GORM has built is followed like the
// statement's own rows: the rows of tracked tables that they reach are locked and
// read before the statement runs, and recorded afterwards. They are found table by
// table, each after the rows that it refers to are locked. On Postgres no transaction
// can insert a row that refers to one which is locked for update, so the database
// will find the same rows. It locks them in the same order.

// reach is the set of rows that a statement changes by foreign keys.
type reach struct {
	capture *capture
	origin  *origin
	impacts []cascade.Impact
	course  *cascade.Course
	rows    map[*dialect.Table]*outbox.Changes
	known   map[*cascade.Step]map[string]bool // by step, the rows of its parent that it has followed
}

// findReach returns what foreign keys pass on from the statement; nil if nothing that
// a timeline shows.
func (c *capture) findReach(ctx context.Context) (*reach, error) {
	tables, err := c.hooks.keys.Of(ctx, c.ConnPool)
	if err != nil || len(tables) == 0 {
		return nil, err
	}
	o, err := c.origin(ctx, tables)
	if o == nil || err != nil {
		return nil, err
	}
	if len(o.table.Keys)+len(o.table.Parts) == 0 {
		return nil, nil
	}
	r := &reach{capture: c, origin: o, impacts: c.impacts(o.table), rows: map[*dialect.Table]*outbox.Changes{}, known: map[*cascade.Step]map[string]bool{}}
	unknown := c.unknownRows(o, r.impacts)
	if r.course = cascade.CourseOf(o.table, r.impacts, unknown); len(r.course.Ends) == 0 {
		return nil, nil
	}
	if on, err := cascade.Enabled(ctx, c.hooks.tables.Dialect, c.ConnPool); !on || err != nil {
		return nil, err
	}
	hidden, err := cascade.HiddenFrom(ctx, c.hooks.tables.Dialect, c.ConnPool, tables)
	if len(hidden) > 0 {
		r.course = cascade.CourseOf(o.table, r.impacts, unknown, hidden...)
	}
	return r, err
}

// unknownRows says why the rows that the statement is about are not known; empty if
// they are.
func (c *capture) unknownRows(o *origin, impacts []cascade.Impact) string {
	updated := func(impact cascade.Impact) bool { return impact.Conflicting && impact.Kind == cascade.RowsChange }
	if o.unknown == "" && c.target == nil && slices.ContainsFunc(impacts, updated) {
		return "the rows that an upsert updates are found in tracked tables only"
	}
	return o.unknown
}

// impacts returns what the statement does to the rows of a table.
func (c *capture) impacts(t *cascade.Table) (impacts []cascade.Impact) {
	clauses := c.db.Statement.Clauses
	replaced := cascade.Impact{Kind: cascade.RowsGo, Conflicting: true}
	if c.verb == statement.Create {
		insert, _ := clauses["INSERT"].Expression.(clause.Insert)
		if conflict, upsert := clauses["ON CONFLICT"].Expression.(clause.OnConflict); upsert && !conflict.DoNothing {
			changed := slices.DeleteFunc(slices.Clone(conflict.DoUpdates), func(a clause.Assignment) bool { return keeps(conflict.Columns, a) })
			impacts = append(impacts, cascade.Impact{Kind: cascade.RowsChange, Columns: c.columnsSet(changed), Conflicting: true})
		}
		if t.Replaces || replacesRows(insert.Modifier) {
			impacts = append(impacts, replaced)
		}
		return impacts
	}
	sets, isUpdate := clauses["SET"]
	if !isUpdate {
		return []cascade.Impact{{Kind: cascade.RowsGo}}
	}
	set, plain := sets.Expression.(clause.Set)
	changed := cascade.Impact{Kind: cascade.RowsChange}
	if plain {
		changed.Columns = c.columnsSet(set)
	}
	update, _ := clauses["UPDATE"].Expression.(clause.Update)
	if t.Replaces || replacesRows(update.Modifier) {
		impacts = append(impacts, replaced)
	}
	return append(impacts, changed)
}

func replacesRows(modifier string) bool { return sqltext.HasWord(sqltext.Words(modifier), "replace") }

// columnsSet returns the columns that assignments set; nil if one may set any column.
func (c *capture) columnsSet(set clause.Set) []string {
	columns := []string{}
	for _, assignment := range set {
		name := assignment.Column.Name
		if name == clause.PrimaryKey || assignment.Column.Raw || strings.ContainsAny(name, "\"`[") || !c.hooks.tables.Dialect.Lock && isRowID(name) {
			return nil
		}
		columns = append(columns, name)
	}
	return columns
}

// isRowID reports whether a name may be one of SQLite's names for the row id, which
// may be a column with another name.
func isRowID(name string) bool { return sqltext.HasWord([]string{name}, "rowid", "_rowid_", "oid") }

// read locks and reads the rows of tracked tables that the statement will change by
// foreign keys. It may be called again after the statement's rows have become more.
func (r *reach) read(ctx context.Context) error {
	first := cascade.Followed(r.course.First)
	if len(first) == 0 {
		return nil
	}
	values, err := r.startValues(ctx, first)
	if err != nil {
		return err
	}
	queue := slices.Clone(first)
	waiting := map[*cascade.Step][][]any{}
	for i, s := range first {
		waiting[s] = r.fresh(s, values[i])
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		values := waiting[s]
		delete(waiting, s)
		for some := range slices.Chunk(values, cascade.ValuesAtOnce(r.capture.hooks.tables.Dialect)) {
			found, err := r.readStep(ctx, s, some)
			if err != nil {
				return fmt.Errorf("timakgorm: rows of %s that foreign keys change: %w", s.At.Name, err)
			}
			for i, next := range cascade.Followed(s.Next) {
				waiting[next] = append(waiting[next], r.fresh(next, found[i])...)
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// fresh returns the rows that a step has not followed yet, without those that hold a
// NULL, to which nothing can refer.
func (r *reach) fresh(s *cascade.Step, rows [][]any) (fresh [][]any) {
	if r.known[s] == nil {
		r.known[s] = map[string]bool{}
	}
	for _, row := range rows {
		id := fmt.Sprintf("%T %#v", row, row)
		if !slices.Contains(row, nil) && !r.known[s][id] {
			r.known[s][id] = true
			fresh = append(fresh, row)
		}
	}
	return fresh
}

// readStep reads the rows that refer to some rows of a step's parent, and returns the
// values that the next steps look for.
func (r *reach) readStep(ctx context.Context, s *cascade.Step, values [][]any) (found [][][]any, err error) {
	d := r.capture.hooks.tables.Dialect
	quote := statement.Quoter(r.capture.db.Statement)
	column := func(name string) string { return quote(cascade.RowAlias) + "." + quote(name) }
	next := cascade.Followed(s.Next)
	columns := cascade.Referred(d, next, column)
	order := ""
	for _, t := range s.Shows {
		fieldColumn := func(field *schema.Field) string { return column(field.DBName) }
		columns = append(columns, fmt.Sprintf(d.Text, d.ObjectOf(t.Model.Keys, fieldColumn)), fmt.Sprintf(d.Text, d.ImageOf(t.Model, fieldColumn)))
		if order == "" {
			order = " ORDER BY " + strings.Join(dialect.Columns(t.Model.Keys, fieldColumn), ", ")
		}
	}
	from, args := cascade.Referring(d, s, values, quote)
	query := "SELECT " + strings.Join(columns, ", ") + from
	if d.Lock {
		query += order + " FOR " + s.Strength() + " OF " + quote(cascade.RowAlias)
	}
	found = make([][][]any, len(next))
	err = dialect.EachValues(ctx, r.capture.ConnPool, d.Bind(query), args, func(row []any) error {
		rest := cascade.Cut(row, next, found)
		for i, t := range s.Shows {
			if err := r.saw(t, rest[2*i], rest[2*i+1]); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// saw adds a row of a tracked table as it was before the statement.
func (r *reach) saw(t *dialect.Table, key, old any) error {
	text, err := dialect.TextValue(key)
	if err != nil {
		return err
	}
	parsed, err := model.ParseKey(*text)
	if err != nil {
		return err
	}
	image, err := dialect.TextValue(old)
	if err != nil {
		return err
	}
	if r.rows[t] == nil {
		r.rows[t] = &outbox.Changes{}
	}
	return r.rows[t].Read(parsed, image)
}

// record writes to the outbox what became of the rows, but for those that the capture
// records itself.
func (r *reach) record(ctx context.Context) error {
	recorded := int64(0)
	for t, c := range r.rows {
		if r.capture.target != nil && t.Model == r.capture.target.Table.Model {
			c.Rows = slices.DeleteFunc(c.Rows, func(row dialect.Change) bool {
				_, both := r.capture.changes.Index[string(row.Key)]
				return both
			})
		}
		if len(c.Rows) == 0 {
			continue
		}
		n, err := outbox.Record(ctx, r.capture.ConnPool, t, c, time.Now())
		if err != nil {
			return err
		}
		recorded += n
	}
	if recorded > 0 {
		r.capture.hooks.sessions.MarkDirty(r.capture.ConnPool)
	}
	return nil
}

// finishReach records what foreign keys have changed, and logs what could not be
// followed.
func (c *capture) finishReach(db *gorm.DB) error {
	if c.reach == nil {
		return nil
	}
	c.hooks.keys.Warn(db.Statement.Context, cascade.UnfollowedOn(db, c.reach.origin.table.Name, c.reach.course))
	return c.reach.record(db.Statement.Context)
}
