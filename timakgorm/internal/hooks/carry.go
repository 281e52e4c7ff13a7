package hooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// On Postgres most statements carry their own record: see dialect.Carry. They take no more
// trips to the database than without timak. The package comment of timakgorm says which do
// not. A statement that has met a trigger or a new row, which nobody could know before, is
// recorded as the others are, or runs again for what it has left out.

// carried is what a statement that carries its own record has done.
type carried struct {
	table            dialect.CarriedTable
	done             int64
	recorded         bool
	unrecorded, left []dialect.CarriedRow // written and not recorded; not written
	all              *replay              // what the user's statement returns; nil: nothing
}

// carry runs the statement so that it carries its own record. It returns nil if the
// statement has not run, and must be followed in the other way.
func (c *capture) carry(ctx context.Context) (ran *carried, err error) {
	defer statement.Recovered(&err)
	if !c.mayCarry() {
		return nil, nil
	}
	text, may, err := c.writeCarried(ctx)
	if !may || err != nil {
		return nil, err
	}
	if ran, err = c.runCarried(ctx, text.carriedText, text.vars); err != nil {
		return nil, c.explainCarried(err)
	}
	if text.repeats {
		c.hooks.texts.add(text.key, text.carriedText)
	}
	c.foundOut(ran)
	if ran.table == dialect.CarriedElsewhere {
		switch ours, err := c.moved(); {
		case err != nil:
			return nil, err
		case !ours && len(ran.left) > 0:
			return nil, c.refuse("another transaction has changed the keys of its rows meanwhile, in a table that only this session finds: run it again")
		case !ours:
			c.carried, c.unknown = true, false
			return ran, nil
		}
	}
	if text.form.mayHaveMet(ran) {
		c.unknown = false
		return nil, nil
	}
	c.carried = true
	if err := c.finishCarried(ctx, ran); err != nil {
		return nil, err
	}
	c.unknown = false
	return ran, nil
}

// foundOut learns from a statement that has found its table not to be plain, or that could
// not tell.
func (c *capture) foundOut(ran *carried) {
	switch tx := session.TransactionOf(c.ConnPool); {
	case ran.table == dialect.CarriedMore:
		c.hooks.sessions.Schema.Change()() // forget what is cached of all tables
	case ran.table == dialect.CarriedUnsure && tx != nil:
		tx.OldSnapshot = true
	}
}

// mayHaveMet reports whether an upsert has written nothing, and may have met a row that was
// not there before.
func (f *carriedForm) mayHaveMet(ran *carried) bool { return ran.done == 0 && f.conflict != nil }

// finishCarried makes good what a statement has missed.
func (c *capture) finishCarried(ctx context.Context, ran *carried) error {
	if ran.recorded {
		c.hooks.sessions.MarkDirty(c.ConnPool)
	}
	if err := c.changeLeft(ctx, ran); err != nil {
		return err
	}
	for _, row := range ran.unrecorded {
		key, err := model.ParseKey(string(row.Key))
		if err == nil && row.Old == nil {
			err = c.made(key)
		} else if err == nil {
			err = c.saw(key, row.Old)
		}
		if err != nil {
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

// changeLeft runs the statement again for the rows that it has locked and not written. The
// conditions have selected them, so only their keys count. Their changes get a later version
// than those of the other rows.
func (c *capture) changeLeft(ctx context.Context, ran *carried) error {
	if len(ran.left) == 0 {
		return nil
	}
	var keys []string
	for _, row := range ran.left {
		key, err := model.ParseKey(string(row.Key))
		if err == nil {
			err = c.checkKey(key)
		}
		if err != nil {
			return err
		}
		keys = append(keys, string(row.Key))
	}
	if err := c.readKeys(ctx, keys); err != nil {
		return err
	}
	if len(c.changes.Rows) != len(keys) {
		return c.refuse("it has not found rows again that it has locked: run it again")
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
	case dialect.IsUnsupported(err) && strings.Contains(err.Error(), "rule"):
		c.hooks.sessions.Schema.Change()()
		return fmt.Errorf("%w (%w)", c.refuse("its table has a rule now, which it had not before: run it again"), err)
	case !dialect.IsMissing(err):
		return err
	case strings.Contains(err.Error(), "timak_"):
		return fmt.Errorf("timakgorm: outbox of %s (did timakgorm.Migrate run?): %w", c.target.Table.Model.Table, err)
	case c.target.Written != "":
		c.hooks.sessions.Stray() // the next statement asks first
		return err
	default:
		return err
	}
}
