package hooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// On Postgres most statements carry their own record: see dialect.Carry. They take no more
// trips to the database than without timak. The package comment of timakgorm says which do
// not. A statement that has met a trigger or a new row, which nobody could know before, is
// recorded as the others are, or runs again for what it has left out.

// carried is what a statement that carries its own record has done.
type carried struct {
	same, plain, current bool
	done                 int64
	recorded             bool
	rest                 []dialect.CarriedRow
	all                  *replay // what the user's statement returns; nil: nothing
}

// carry runs the statement so that it carries its own record. It returns nil if the
// statement has not run, and must be followed in the other way.
func (c *capture) carry(ctx context.Context) (ran *carried, err error) {
	defer statement.Recovered(&err)
	form, may := c.carriedForm()
	if !may {
		return nil, nil
	}
	if bare, err := c.seemsBare(ctx); !bare || err != nil {
		return nil, err
	}
	if c.verb != statement.Create {
		if err := c.checkComments(); err != nil {
			return nil, err
		}
	}
	if ran, err = c.runCarried(ctx, form); err != nil {
		return nil, c.explainCarried(err)
	}
	if form.conflict != nil && ran.done == 0 { // it may have met a row that was not there before
		return nil, nil
	}
	c.carried = true
	if err := c.finishCarried(ctx, ran); err != nil {
		c.hooks.sessions.Spoil(ctx, c.ConnPool, err)
		return nil, err
	}
	return ran, nil
}

// finishCarried learns from what a statement has found, and makes good what it has
// missed.
func (c *capture) finishCarried(ctx context.Context, ran *carried) error {
	if ran.current && !ran.plain {
		c.hooks.sessions.Schema.Change()() // forget what is cached of all tables
	}
	if !ran.same {
		if ours, err := c.moved(); !ours || err != nil {
			return err
		}
	}
	if ran.recorded {
		c.hooks.sessions.MarkDirty(c.ConnPool)
	}
	var unchanged []string
	for _, row := range ran.rest {
		if !row.Done {
			unchanged = append(unchanged, string(row.Key))
		}
	}
	if len(unchanged) > 0 {
		if err := c.changeRest(ctx, ran, unchanged); err != nil {
			return err
		}
	}
	for _, row := range ran.rest {
		if !row.Done {
			continue
		}
		if err := c.sawCarried(row); err != nil {
			return err
		}
	}
	return nil
}

// moved asks what the table's name means after a statement that has written another table
// than was expected, and reports whether that is the tracked one, in another schema.
func (c *capture) moved() (bool, error) {
	known, err := c.ask(c.target.Written, []*dialect.Table{c.target.Table})
	switch {
	case err != nil:
		return false, err
	case known == nil || known.At == c.target.Table.At:
		c.hooks.sessions.Stray()
		return false, nil
	}
	alias := c.target.Name
	if alias == sqltext.Unqualified(known.Model.Table) {
		alias = ""
	}
	c.target.As(known, alias, statement.Quoter(c.db.Statement))
	c.target.Written = ""
	return true, nil
}

// sawCarried adds a row that a statement has written, to be recorded when it has ended.
func (c *capture) sawCarried(row dialect.CarriedRow) error {
	key, err := model.ParseKey(string(row.Key))
	switch {
	case err != nil:
		return err
	case row.Old == nil:
		return c.made(key)
	default:
		return c.saw(key, row.Old)
	}
}

// changeRest runs the statement again for rows that it has locked and not written. The
// conditions have selected them, so only their keys count.
func (c *capture) changeRest(ctx context.Context, ran *carried, keys []string) error {
	if err := c.readKeys(ctx, keys); err != nil {
		return err
	}
	if err := c.narrow(); err != nil {
		return err
	}
	st := c.db.Statement
	if ran.all == nil {
		done, err := c.ConnPool.ExecContext(ctx, st.SQL.String(), st.Vars...)
		if err != nil {
			return err
		}
		more, err := done.RowsAffected()
		ran.done += more
		return err
	}
	found, err := c.ConnPool.QueryContext(ctx, st.SQL.String(), st.Vars...)
	if err != nil {
		return err
	}
	more, err := keep(found)
	if err != nil {
		return err
	}
	ran.all.values = append(ran.all.values, more.values...)
	return nil
}

// seemsBare reports whether a statement on the table may be part of a WITH, and did no more
// than it says when that was last asked.
func (c *capture) seemsBare(ctx context.Context) (bool, error) {
	table := c.target.Table
	bare, err := c.hooks.bare.Of(table.Model.Table, c.hooks.sessions.SchemaOf(c.ConnPool), func() (bool, error) {
		var bare, current bool
		err := c.ConnPool.QueryRowContext(ctx, bareSQL, table.SQL.From).Scan(&bare, &current)
		switch {
		case errors.Is(err, sql.ErrNoRows): // the statement itself says what is wrong
			return false, errOldSnapshot
		case err == nil && !current:
			err = errOldSnapshot
		}
		return bare, err
	})
	if errors.Is(err, errOldSnapshot) {
		err = nil
	}
	return bare, err
}

const bareSQL = `SELECT relkind = 'r' AND NOT relhasrules AND NOT relhassubclass
		AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal),
		current_setting('transaction_isolation') LIKE 'read %'
	FROM pg_catalog.pg_class c WHERE c.oid = to_regclass($1)`

func (c *capture) explainCarried(err error) error {
	switch {
	case dialect.IsUnsupported(err):
		c.hooks.sessions.Schema.Change()()
		return fmt.Errorf("%w (%w)", c.refuse("its table has a rule now, which it had not before: run it again"), err)
	case dialect.IsMissing(err) && strings.Contains(err.Error(), "timak_"):
		return fmt.Errorf("timakgorm: outbox of %s (did timakgorm.Migrate run?): %w", c.target.Table.Model.Table, err)
	default:
		return err
	}
}
