package timakgorm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// What foreign keys pass on from a statement that GORM has built is followed as its
// own rows are: those of the tracked tables that they reach are locked and read
// before it runs, and recorded afterwards. They are found from table to table, each
// after the rows that it refers to have been locked: on Postgres nobody adds a row
// that refers to one which is locked for update, so that there are no others when
// the database comes to them itself. It locks them in the same order.

// reach is the rows that a statement changes by foreign keys.
type reach struct {
	capture *capture
	origin  *origin
	impacts []impact
	course  *course
	rows    map[*table]*changes
	known   map[*step]map[string]bool // the rows of the parent that have been looked at
}

// valuesAtOnce is how many rows of a parent are looked at in one query. SQLite
// takes long to bind many parameters.
func (d dialect) valuesAtOnce() int {
	if d.lock {
		return recordChunk
	}
	return 100
}

// findReach finds out what foreign keys make of the statement; nil if nothing that
// a timeline shows.
func (c *capture) findReach(ctx context.Context) (*reach, error) {
	tables, err := c.plugin.cascades.of(ctx, c.plugin, c.ConnPool)
	if err != nil || len(tables) == 0 {
		return nil, err
	}
	o, err := c.origin(ctx, tables)
	if o == nil || err != nil {
		return nil, err
	}
	if len(o.table.keys)+len(o.table.parts) == 0 {
		return nil, nil
	}
	r := &reach{capture: c, origin: o, impacts: c.impacts(o.table), rows: map[*table]*changes{}, known: map[*step]map[string]bool{}}
	unknown := c.unknownRows(o, r.impacts)
	if r.course = courseOf(o.table, r.impacts, unknown); len(r.course.ends) == 0 {
		return nil, nil
	}
	if on, err := c.plugin.dialect.actOn(ctx, c.ConnPool); !on || err != nil {
		return nil, err
	}
	hidden, err := c.plugin.dialect.hidden(ctx, c.ConnPool, tables)
	if len(hidden) > 0 {
		r.course = courseOf(o.table, r.impacts, unknown, hidden...)
	}
	return r, err
}

// unknownRows says why it is not known which rows the statement is about; empty if it
// is.
func (c *capture) unknownRows(o *origin, impacts []impact) string {
	updated := func(on impact) bool { return on.met && on.kind == rowsChange }
	if o.unknown == "" && c.target == nil && slices.ContainsFunc(impacts, updated) {
		return "the rows that an upsert updates are looked for in tracked tables only"
	}
	return o.unknown
}

// impacts returns what the statement does to the rows of a table.
func (c *capture) impacts(t *fkTable) (impacts []impact) {
	clauses := c.db.Statement.Clauses
	replaced := impact{kind: rowsGo, met: true}
	if c.verb == create {
		insert, _ := clauses["INSERT"].Expression.(clause.Insert)
		if conflict, upsert := clauses["ON CONFLICT"].Expression.(clause.OnConflict); upsert && !conflict.DoNothing {
			changed := slices.DeleteFunc(slices.Clone(conflict.DoUpdates), func(a clause.Assignment) bool { return keeps(conflict.Columns, a) })
			impacts = append(impacts, impact{kind: rowsChange, columns: c.columnsSet(changed), met: true})
		}
		if t.replaces || replacesRows(insert.Modifier) {
			impacts = append(impacts, replaced)
		}
		return impacts
	}
	sets, isUpdate := clauses["SET"]
	if !isUpdate {
		return []impact{{kind: rowsGo}}
	}
	set, plain := sets.Expression.(clause.Set)
	changed := impact{kind: rowsChange}
	if plain {
		changed.columns = c.columnsSet(set)
	}
	update, _ := clauses["UPDATE"].Expression.(clause.Update)
	if t.replaces || replacesRows(update.Modifier) {
		impacts = append(impacts, replaced)
	}
	return append(impacts, changed)
}

func replacesRows(modifier string) bool { return hasWord(sqlWords(modifier), "replace") }

// columnsSet returns the columns that assignments set; nil if one may be any.
func (c *capture) columnsSet(set clause.Set) []string {
	columns := []string{}
	for _, assignment := range set {
		name := assignment.Column.Name
		if name == clause.PrimaryKey || assignment.Column.Raw || strings.ContainsAny(name, "\"`[") || !c.plugin.dialect.lock && isRowID(name) {
			return nil
		}
		columns = append(columns, name)
	}
	return columns
}

// isRowID reports whether a name may be that of the number of a row of SQLite's,
// which may have another name too.
func isRowID(name string) bool { return hasWord([]string{name}, "rowid", "_rowid_", "oid") }

// read locks and reads the rows of tracked tables that the statement is about to
// change by foreign keys. It may be called again when there are more.
func (r *reach) read(ctx context.Context) error {
	first := followed(r.course.first)
	if len(first) == 0 {
		return nil
	}
	values, err := r.startValues(ctx, first)
	if err != nil {
		return err
	}
	queue := slices.Clone(first)
	waiting := map[*step][][]any{}
	for i, s := range first {
		waiting[s] = r.fresh(s, values[i])
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		values := waiting[s]
		delete(waiting, s)
		for some := range slices.Chunk(values, r.capture.plugin.dialect.valuesAtOnce()) {
			found, err := r.readStep(ctx, s, some)
			if err != nil {
				return fmt.Errorf("timakgorm: rows of %s that foreign keys change: %w", s.at.name, err)
			}
			for i, next := range followed(s.next) {
				waiting[next] = append(waiting[next], r.fresh(next, found[i])...)
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// fresh returns the rows that a step has not been looked at for, without those that
// nothing can refer to.
func (r *reach) fresh(s *step, rows [][]any) (fresh [][]any) {
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

// readStep reads the rows that refer to some of a step's parent, and returns what
// the next steps look for.
func (r *reach) readStep(ctx context.Context, s *step, values [][]any) (found [][][]any, err error) {
	d := r.capture.plugin.dialect
	quote := quoter(r.capture.db.Statement)
	column := func(name string) string { return quote(rowAlias) + "." + quote(name) }
	next := followed(s.next)
	columns := referred(d, next, column)
	order := ""
	for _, t := range s.shows {
		fieldColumn := func(field *schema.Field) string { return column(field.DBName) }
		columns = append(columns, fmt.Sprintf(d.text, d.objectOf(t.model.keys, fieldColumn)), fmt.Sprintf(d.text, d.imageOf(t.model, fieldColumn)))
		if order == "" {
			order = " ORDER BY " + strings.Join(each(t.model.keys, fieldColumn), ", ")
		}
	}
	from, args := d.referring(s, values, quote)
	query := "SELECT " + strings.Join(columns, ", ") + from
	if d.lock {
		query += order + " FOR " + s.strength() + " OF " + quote(rowAlias)
	}
	found = make([][][]any, len(next))
	err = eachRow(ctx, r.capture.ConnPool, d.bind(query), args, func(row []any) error {
		rest := cut(row, next, found)
		for i, t := range s.shows {
			if err := r.saw(t, rest[2*i], rest[2*i+1]); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// strength is how Postgres itself locks the rows of a step.
func (s *step) strength() string {
	if s.on.kind == rowsChange && len(followed(s.next)) == 0 {
		return "NO KEY UPDATE" // others may refer to them meanwhile
	}
	return "UPDATE"
}

// rowAlias is the name of the rows that are read.
const rowAlias = "timak_row"

// saw adds a row of a tracked table as it was before the statement.
func (r *reach) saw(t *table, key, old any) error {
	text, err := textValue(key)
	if err != nil {
		return err
	}
	parsed, err := parseKey(*text)
	if err != nil {
		return err
	}
	image, err := textValue(old)
	if err != nil {
		return err
	}
	if r.rows[t] == nil {
		r.rows[t] = &changes{}
	}
	return r.rows[t].read(parsed, image)
}

// textValue returns a text of the database's; nil for NULL.
func textValue(v any) (*string, error) {
	switch text := v.(type) {
	case nil:
		return nil, nil
	case string:
		return &text, nil
	case []byte:
		s := string(text)
		return &s, nil
	default:
		return nil, fmt.Errorf("expected a text, got %T", v)
	}
}

// record writes to the outbox what became of the rows.
func (r *reach) record(ctx context.Context) error {
	recorded := int64(0)
	for t, c := range r.rows {
		if r.capture.target != nil && t.model == r.capture.target.table.model {
			c.rows = slices.DeleteFunc(c.rows, func(row change) bool {
				_, both := r.capture.changes.index[string(row.Key)]
				return both
			})
		}
		if len(c.rows) == 0 {
			continue
		}
		n, err := t.record(ctx, r.capture.ConnPool, c, time.Now())
		if err != nil {
			return err
		}
		recorded += n
	}
	if recorded > 0 {
		r.capture.plugin.markDirty(r.capture.ConnPool)
	}
	return nil
}

// finishReach records what foreign keys have changed, and tells the log of what
// could not be followed.
func (c *capture) finishReach(db *gorm.DB) error {
	if c.reach == nil {
		return nil
	}
	c.plugin.tell(db.Statement.Context, unfollowedOn(db, c.reach.origin.table.name, c.reach.course))
	return c.reach.record(db.Statement.Context)
}

// eachRow calls visit with every row of a query.
func eachRow(ctx context.Context, pool gorm.ConnPool, query string, args []any, visit func([]any) error) (err error) {
	found, err := pool.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer closeRows(found, &err)
	columns, err := found.Columns()
	if err != nil {
		return err
	}
	for found.Next() {
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			return err
		}
		if err := visit(row); err != nil {
			return err
		}
	}
	return found.Err()
}
