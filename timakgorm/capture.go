package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ErrUncaptured is returned, wrapped with what to do instead, for a write whose
// rows cannot be known, so that its timelines could not follow. The write has
// not taken place.
var ErrUncaptured = errors.New("timelines cannot follow this write")

// verb is the callback chain that a statement runs in. It says how GORM builds
// the statement, not what happens to the rows: a delete may be an update, an
// update a restore, a create both.
type verb string

const (
	create verb = "create"
	update verb = "update"
	remove verb = "delete"
)

// capture follows one statement on a tracked table. GORM gives its callbacks
// no way to see which rows a statement is about: its WHERE is complete only in
// the moment of running it. So capture takes the place of the statement's
// connection until it has run: when GORM hands over the statement, the old
// rows are locked and read with its own conditions, then it runs, narrowed to
// those rows; the new rows are read by key afterwards.
type capture struct {
	gorm.ConnPool // the connection whose place it takes

	plugin  *Plugin
	table   *table
	verb    verb
	db      *gorm.DB
	outer   gorm.ConnPool // what the transaction was opened on, if it is ours
	ran     bool
	changes changes
	// upserts is how many rows an upsert has that may update only what was
	// read; 0 for other statements.
	upserts int
	// assigned are the primary key columns that an update sets.
	assigned rowKey
}

// ExecContext and QueryContext run GORM's statement, the old rows read before
// it, and pass on everything else.

// ExecContext implements gorm.ConnPool.
func (c *capture) ExecContext(ctx context.Context, sql string, args ...any) (result, error) {
	sql, args, err := c.intercept(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	return c.ConnPool.ExecContext(ctx, sql, args...)
}

// QueryContext implements gorm.ConnPool.
func (c *capture) QueryContext(ctx context.Context, sql string, args ...any) (*rows, error) {
	sql, args, err := c.intercept(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	return c.ConnPool.QueryContext(ctx, sql, args...)
}

// intercept returns the statement to run. Only the first one with the text that
// GORM built is the one we wait for.
func (c *capture) intercept(ctx context.Context, sql string, args []any) (string, []any, error) {
	st := c.db.Statement
	if c.ran || sql != st.SQL.String() {
		return sql, args, nil
	}
	c.ran = true
	before := c.beforeChange
	if c.verb == create {
		before = c.beforeInsert
	}
	if err := before(ctx); err != nil {
		return sql, args, err
	}
	return st.SQL.String(), st.Vars, nil
}

// beforeChange reads the rows that an update or delete is about, and narrows
// the statement to them.
func (c *capture) beforeChange(ctx context.Context) error {
	st := c.db.Statement
	if err := c.readAssignments(); err != nil {
		return err
	}
	if err := c.read(ctx, st.Clauses["WHERE"]); err != nil {
		return err
	}
	if !c.table.dialect.lock {
		return nil // one writer at a time: nothing can come in between
	}
	return c.narrow()
}

// narrow adds to the statement's conditions that it may change the rows which
// were read, and no others that have been committed since.
func (c *capture) narrow() error {
	st := c.db.Statement
	clauses := st.BuildClauses
	if _, set := st.Clauses["SET"]; set { // a soft delete is an update
		clauses = c.db.Callback().Update().Clauses
	}
	where := st.Clauses["WHERE"]
	conditions, _ := where.Expression.(clause.Where)
	narrowed, err := c.amongRead(conditions)
	if err != nil {
		return err
	}
	where.Name, where.Expression = "WHERE", narrowed
	st.Clauses["WHERE"] = where
	return c.rebuild(clauses)
}

// amongRead returns conditions, as a whole, and that the row was read.
func (c *capture) amongRead(conditions clause.Where) (clause.Where, error) {
	keys, err := c.changes.keys()
	among := []clause.Expression{clause.Expr{SQL: c.table.sql.narrow, Vars: []any{keys}}}
	if len(conditions.Exprs) > 0 { // an OR among them must not let others through
		among = append([]clause.Expression{clause.And(conditions.Exprs...)}, among...)
	}
	return clause.Where{Exprs: among}, err
}

// rebuild writes the statement once more, from its clauses.
func (c *capture) rebuild(clauses []string) error {
	st := c.db.Statement
	st.SQL.Reset()
	st.Vars = nil
	st.Build(clauses...)
	return c.db.Error
}

// readAssignments finds out to what an update sets the primary key.
func (c *capture) readAssignments() error {
	set, _ := c.db.Statement.Clauses["SET"].Expression.(clause.Set)
	for _, assignment := range set {
		for _, field := range c.table.model.keys {
			if assignment.Column.Name != field.DBName {
				continue
			}
			value, err := keyValue(assignment.Value)
			if err != nil {
				return c.refuse("it sets the primary key to an expression: set it to a value")
			}
			if c.assigned == nil {
				c.assigned = rowKey{}
			}
			c.assigned[field.DBName] = value
		}
	}
	return nil
}

// read locks and reads rows by the statement's own conditions.
func (c *capture) read(ctx context.Context, where clause.Clause) (err error) {
	query := c.table.query(c.db, where)
	if query.Error != nil {
		return query.Error
	}
	found, err := c.ConnPool.QueryContext(ctx, query.SQL.String(), query.Vars...)
	if err != nil {
		return fmt.Errorf("timakgorm: read rows before %s of %s: %w", c.verb, c.table.model.table, err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	return c.readRows(found)
}

func (c *capture) readRows(found *rows) error {
	for found.Next() {
		var text string
		var old *string
		if err := found.Scan(&text, &old); err != nil {
			return err
		}
		key, err := parseKey(text)
		if err != nil {
			return err
		}
		if err := c.changes.read(key, old); err != nil {
			return err
		}
		if err := c.touchAssigned(key); err != nil {
			return err
		}
	}
	return found.Err()
}

// touchAssigned adds the row that an update of the primary key makes of another.
func (c *capture) touchAssigned(key rowKey) error {
	if c.assigned == nil {
		return nil
	}
	next := maps.Clone(key)
	maps.Copy(next, c.assigned)
	return c.changes.touch(next)
}

// refuse returns ErrUncaptured with the reason and the way out.
func (c *capture) refuse(advice string) error {
	return fmt.Errorf("timakgorm: %s of %s: %w: %s", c.verb, c.table.model.table, ErrUncaptured, advice)
}
