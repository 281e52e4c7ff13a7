package hooks

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// capture follows one statement on a tracked table. GORM's callbacks cannot see which
// rows a statement is about: its WHERE is complete only when it runs. So capture
// takes the place of the statement's connection until it has run. When GORM hands
// over the statement, capture locks and reads the old rows with the statement's own
// conditions, and runs it narrowed to those rows; afterwards it reads the new rows by
// key. The statement itself returns keys that cannot be known otherwise.
type capture struct {
	gorm.ConnPool // the connection whose place it takes

	hooks     *Hooks
	verb      statement.Verb
	db        *gorm.DB
	own       bool // the transaction was begun here, for this statement
	ran       bool
	unknown   bool              // it has run, and the keys of the rows it has written are not known yet
	target    *statement.Target // nil: the statement writes no tracked table
	changes   outbox.Changes
	reach     *reach                   // nil: no foreign key passes anything on
	spill     *spill                   // in place of changes, if there are too many
	users     map[string]clause.Clause // the user's clauses that are replaced for now
	upsert    *clause.OnConflict       // the user's, if it may meet a row that another transaction inserts meanwhile
	returning bool                     // the statement returns the keys of the rows it has written
	carried   bool                     // it has carried its own record
}

// ExecContext and QueryContext run GORM's statement after reading its old rows, and
// pass on everything else.

// ExecContext implements gorm.ConnPool.
func (c *capture) ExecContext(ctx context.Context, sql string, args ...any) (sql.Result, error) {
	if c.ran || sql != c.db.Statement.SQL.String() {
		return c.ConnPool.ExecContext(ctx, sql, args...)
	}
	if err := c.begin(); err != nil {
		return nil, err
	}
	if done, ran, err := c.execBeside(ctx); ran || err != nil {
		return done, err
	}
	switch ran, err := c.carry(ctx); {
	case err != nil:
		return nil, err
	case ran != nil:
		return returnedResult{affected: ran.done, lastErr: errNoInsertID}, nil
	}
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	if c.returning {
		return c.execReturning(ctx)
	}
	done, err := c.ConnPool.ExecContext(ctx, c.db.Statement.SQL.String(), c.db.Statement.Vars...)
	c.unknown = err == nil && c.verb == statement.Create
	return done, err
}

// QueryContext implements gorm.ConnPool.
func (c *capture) QueryContext(ctx context.Context, sql string, args ...any) (*sql.Rows, error) {
	if c.ran || sql != c.db.Statement.SQL.String() {
		return c.ConnPool.QueryContext(ctx, sql, args...)
	}
	if err := c.begin(); err != nil {
		return nil, err
	}
	switch ran, err := c.carry(ctx); {
	case err != nil:
		return nil, err
	case ran != nil:
		return ran.all.rows(ctx)
	}
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	if c.returning {
		return c.queryReturning(ctx)
	}
	found, err := c.ConnPool.QueryContext(ctx, c.db.Statement.SQL.String(), c.db.Statement.Vars...)
	c.unknown = err == nil && c.verb == statement.Create
	return found, err
}

// Within returns the connection whose place the capture takes.
func (c *capture) Within() gorm.ConnPool { return c.ConnPool }

// GetDBConn implements gorm.GetDBConnector.
func (c *capture) GetDBConn() (*sql.DB, error) {
	switch pool := c.ConnPool.(type) {
	case gorm.GetDBConnector:
		return pool.GetDBConn()
	case *sql.DB:
		return pool, nil
	default:
		return nil, gorm.ErrInvalidDB
	}
}

// Commit implements gorm.TxCommitter. GORM calls it only if the callbacks have come
// out of order since db.Use, and it would commit before the change is recorded.
func (c *capture) Commit() error {
	err := c.refuse("callbacks are out of order, so GORM would commit before the change is recorded: change GORM's callbacks before db.Use, which checks their order")
	return errors.Join(err, c.Rollback())
}

// Rollback implements gorm.TxCommitter.
func (c *capture) Rollback() error {
	if tx, inside := c.ConnPool.(gorm.TxCommitter); inside {
		return tx.Rollback()
	}
	return nil
}

// begin makes sure of a transaction and finds out what the statement writes. It
// recovers from panics, which would leave GORM's transaction open.
func (c *capture) begin() (err error) {
	defer statement.Recovered(&err)
	c.ran = true
	if err := c.ensureTransaction(); err != nil {
		return err
	}
	return c.find(c.db.Statement.Context)
}

// find finds out which table the statement writes, and what foreign keys pass on.
func (c *capture) find(ctx context.Context) (err error) {
	if c.target, err = c.findTarget(); err != nil {
		return err
	}
	c.reach, err = c.findReach(ctx)
	return err
}

// prepare reads the old rows and rewrites the statement. If the statement's table
// turns out to be another one, it starts again.
func (c *capture) prepare(ctx context.Context) (err error) {
	defer statement.Recovered(&err)
	err = c.before(ctx)
	if errors.Is(err, statement.ErrElsewhere) {
		c.hooks.sessions.Stray()
		c.changes, c.spill, c.returning = outbox.Changes{}, nil, false
		if err = c.find(ctx); err == nil {
			err = c.before(ctx)
		}
	}
	if err != nil || c.reach == nil {
		return err
	}
	if c.verb != statement.Create {
		if err := c.checkComments(); err != nil {
			return err
		}
	}
	return c.reach.read(ctx)
}

func (c *capture) before(ctx context.Context) error {
	switch {
	case c.target == nil:
		return nil
	case c.verb == statement.Create:
		return c.beforeInsert(ctx)
	}
	if err := c.checkComments(); err != nil {
		return err
	}
	return c.beforeChange(ctx)
}

// beforeChange reads the rows that an update or delete is about, and narrows the
// statement to them. By itself it might find others: another transaction may have
// inserted them since, or the conditions may depend on chance or on the clock.
func (c *capture) beforeChange(ctx context.Context) error {
	if err := c.readOrSpill(ctx, c.db.Statement.Clauses["WHERE"]); err != nil {
		return err
	}
	if err := c.readReplaced(ctx); err != nil {
		return err
	}
	c.returning = c.setsKey()
	return c.narrow()
}

// readReplaced reads the rows that an UPDATE OR REPLACE deletes as well, as they
// conflict with the updated rows.
func (c *capture) readReplaced(ctx context.Context) error {
	if _, sets := c.db.Statement.Clauses["SET"]; !sets { // a delete
		return nil
	}
	set, _ := c.db.Statement.Clauses["UPDATE"].Expression.(clause.Update)
	modifier, err := c.modifier(ctx, set.Modifier)
	if err != nil {
		return err
	}
	switch modifier {
	case "OR REPLACE":
		return c.beforeReplace(ctx)
	case "OR FAIL": // when it fails, what it has done so far stays
		return c.refuse("UPDATE OR FAIL: use UPDATE")
	default:
		return nil
	}
}

// narrow makes the statement change only the rows that were read. Its own conditions
// have selected these under the lock, so they are dropped, unless they join the rows
// of other tables.
func (c *capture) narrow() error {
	where := c.db.Statement.Clauses["WHERE"]
	conditions, _ := where.Expression.(clause.Where)
	narrowed := statement.First{Ours: c.among()}
	if len(c.target.More) > 0 {
		narrowed.Users = conditions.Exprs
	}
	c.setClause("WHERE", clause.Where{Exprs: []clause.Expression{narrowed}})
	statement.OnNewLines(c.db.Statement, "WHERE")
	return c.rebuild()
}

// checkComments refuses an update or delete in which a comment has no end: what
// narrow adds to the statement would be part of the comment.
func (c *capture) checkComments() error {
	if !strings.Contains(c.db.Statement.SQL.String(), "/*") {
		return nil
	}
	for _, name := range []string{"SET", "WHERE"} {
		part := c.db.Statement.Clauses[name].Expression
		if part == nil {
			continue
		}
		text := statement.Scratch(c.db.Statement)
		part.Build(text)
		if !strings.Contains(text.SQL.String(), "/*") {
			continue
		}
		for _, words := range c.hooks.tables.Dialect.Language.Readings(text.SQL.String() + "\n;") {
			if words[len(words)-1] != ";" {
				return c.refuse("a comment in its " + name + " has no end: leave the comment out")
			}
		}
	}
	return nil
}

// setClause replaces a clause's expression until the statement has run.
func (c *capture) setClause(name string, expression clause.Expression) {
	clauses := c.db.Statement.Clauses
	users := clauses[name]
	if _, saved := c.users[name]; !saved {
		if c.users == nil {
			c.users = map[string]clause.Clause{}
		}
		c.users[name] = users
	}
	users.Name, users.Expression = name, expression
	clauses[name] = users
}

// restoreClause puts back the user's clause that setClause has replaced.
func (c *capture) restoreClause(name string) {
	users, saved := c.users[name]
	switch {
	case !saved:
	case users.Expression == nil && users.Builder == nil:
		delete(c.db.Statement.Clauses, name)
	default:
		c.db.Statement.Clauses[name] = users
	}
	delete(c.users, name)
}

// rebuild writes the statement's SQL again, from its clauses.
func (c *capture) rebuild() error {
	st, clauses := c.db.Statement, c.built()
	if _, ours := c.users["RETURNING"]; ours && !slices.Contains(clauses, "RETURNING") {
		clauses = append(slices.Clone(clauses), "RETURNING")
	}
	st.SQL.Reset()
	st.Vars = nil
	st.Build(clauses...)
	return c.db.Error
}

// built names the clauses that the statement consists of.
func (c *capture) built() []string {
	if _, set := c.db.Statement.Clauses["SET"]; set { // a soft delete is an update
		return c.db.Callback().Update().Clauses
	}
	return c.db.Statement.BuildClauses
}

// setsKey reports whether an update sets a column of the primary key.
func (c *capture) setsKey() bool {
	set, _ := c.db.Statement.Clauses["SET"].Expression.(clause.Set)
	return assignsKey(c.target.Table, set, nil)
}

// read locks and reads rows by the statement's own conditions.
func (c *capture) read(ctx context.Context, where clause.Clause) error {
	return c.target.Read(ctx, c.ConnPool, c.db.Statement, where, c.saw)
}

// saw adds a row that was read.
func (c *capture) saw(key model.RowKey, old *string) error {
	return cmp.Or(c.checkKey(key), c.changes.Read(key, old))
}

// made adds a row that the statement may have inserted.
func (c *capture) made(key model.RowKey) error {
	return cmp.Or(c.checkKey(key), c.changes.Touch(key))
}

// checkKey refuses a row with NULL in its primary key, which SQLite allows: no
// comparison finds such a row again.
func (c *capture) checkKey(key model.RowKey) error {
	for _, value := range key {
		if value == nil {
			return c.refuseNull()
		}
	}
	return nil
}

func (c *capture) refuseNull() error {
	return c.refuse("a row has NULL in its primary key, by which it cannot be found again: give it a key, with timakgorm.Exec if the row exists already")
}

// refuse returns ErrUncaptured with the reason and what to do instead.
func (c *capture) refuse(advice string) error {
	name := c.db.Statement.Table
	if c.target != nil {
		name = c.target.Table.Model.Table
	}
	return statement.Refuse(c.verb, name, advice)
}
