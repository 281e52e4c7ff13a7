package hooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// returned is the RETURNING of a statement with a column added at its end, which
// describes each row that the database has written.
type returned struct {
	users clause.Returning
	any   bool   // the user, or GORM, has a RETURNING at all
	sql   string // of the added column
}

// Build implements clause.Expression.
func (r returned) Build(builder clause.Builder) {
	if r.any {
		r.users.Build(builder)
		_, _ = builder.WriteString(", ")
	}
	statement.Fragment{SQL: r.sql + " AS timak_key"}.Build(builder)
}

// addReturning adds a column to what the statement returns, or, alone, makes it
// return nothing else.
func (c *capture) addReturning(sql string, alone bool) error {
	users, ok := c.db.Statement.Clauses["RETURNING"].Expression.(clause.Returning)
	c.setClause("RETURNING", returned{users: users, any: ok && !alone, sql: sql})
	return c.rebuild()
}

// keyReturned returns the SQL of a written row's primary key. SQLite's RETURNING
// knows only the written table, and no alias.
func (c *capture) keyReturned() string {
	d := c.hooks.tables.Dialect
	key := c.target.SQL.Key
	if !d.Lock {
		key = d.ObjectOf(c.target.Table.Model.Keys, func(field *schema.Field) string { return c.db.Statement.Quote(field.DBName) })
	}
	return fmt.Sprintf(d.Text, key)
}

// queryReturning runs the statement, adds the rows that it has written to the
// changes, and returns what the statement would have returned by itself.
func (c *capture) queryReturning(ctx context.Context) (out *sql.Rows, err error) {
	defer statement.Recovered(&err)
	replay, keys, err := c.runAgain(ctx, false)
	if err != nil {
		return nil, c.explainReturning(err)
	}
	if err := c.touchAll(keys); err != nil {
		return nil, err
	}
	return replay.rows(ctx) //nolint:sqlclosecheck // GORM closes it
}

// execReturning is queryReturning for a statement that returns no rows by itself.
func (c *capture) execReturning(ctx context.Context) (out sql.Result, err error) {
	defer statement.Recovered(&err)
	_, keys, err := c.runAgain(ctx, true)
	if err != nil {
		return nil, c.explainReturning(err)
	}
	written := returnedResult{affected: int64(len(keys)), lastErr: errNoInsertID}
	if !c.hooks.tables.Dialect.Lock {
		written.lastErr = c.ConnPool.QueryRowContext(ctx, "SELECT last_insert_rowid()").Scan(&written.last)
	}
	return written, c.touchAll(keys)
}

// runReturning runs the statement as it is now, and splits the added column off what
// it returns.
func (c *capture) runReturning(ctx context.Context) (*replay, []string, error) {
	st := c.db.Statement
	found, err := c.ConnPool.QueryContext(ctx, st.SQL.String(), st.Vars...)
	if err != nil {
		return nil, nil, err
	}
	all, err := keep(found)
	if err != nil {
		return nil, nil, err
	}
	c.unknown = true
	keys, err := all.cutLast()
	return all, keys, err
}

// touchAll adds rows by their primary keys, which are JSON objects.
func (c *capture) touchAll(keys []string) error {
	for _, text := range keys {
		key, err := model.ParseKey(text)
		if err != nil {
			return err
		}
		if err := c.made(key); err != nil {
			return err
		}
	}
	c.unknown = false
	return nil
}

func (c *capture) explainReturning(err error) error {
	if errors.Is(err, statement.ErrElsewhere) {
		c.hooks.sessions.Stray() // the next statement asks first
		return c.refuse("its table's name means another table in this session, which became known only while it ran: run it again")
	}
	if metNew(err) {
		return fmt.Errorf("%w (%w)", c.refuse("its values do not tell which rows it updates, as other transactions insert them at the same time, or the database changes the values: "+
			"update those rows in a separate statement"), err)
	}
	return err
}

var errNoInsertID = errors.New("the database has no last insert id")

// returnedResult is the result of a statement that ran as a query.
type returnedResult struct {
	affected, last int64
	lastErr        error
}

var _ sql.Result = returnedResult{}

// LastInsertId implements sql.Result.
func (r returnedResult) LastInsertId() (int64, error) { return r.last, r.lastErr }

// RowsAffected implements sql.Result.
func (r returnedResult) RowsAffected() (int64, error) { return r.affected, nil }
