package hooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// Most updates set no column of an image: they count views, or change a post's body.
// They leave the timelines as they are, and run unchanged if the table is plain: it
// has no trigger, rule, generated column or partition by which an update may do more
// than it says. The statement itself gets that condition, so that it holds at the
// moment of its run. If it does not hold, no row is updated, and the statement is
// followed like any other.

// besideImages reports whether an update sets no column on which an image depends.
func (c *capture) besideImages(ctx context.Context) (bool, error) {
	if c.verb != statement.Update || c.target == nil || c.target.SQL.Plain == "" || c.reach != nil {
		return false, nil
	}
	clauses := c.db.Statement.Clauses
	set, plain := clauses["SET"].Expression.(clause.Set)
	where := clauses["WHERE"]
	_, conditions := where.Expression.(clause.Where)
	if !plain || !unadorned(clauses["SET"]) || !unadorned(where) || where.Expression != nil && !conditions {
		return false, nil
	}
	said, _ := clauses["UPDATE"].Expression.(clause.Update)
	modifier, err := c.modifier(ctx, said.Modifier)
	return modifier == "" && !watches(c.target.Table, set), err
}

// execBeside runs an update that sets no column of an image, and reports whether it
// has run. If not, the statement must be followed.
func (c *capture) execBeside(ctx context.Context) (done sql.Result, ran bool, err error) {
	defer statement.Recovered(&err)
	if beside, err := c.besideImages(ctx); !beside || err != nil {
		return nil, false, err
	}
	plain, err := c.seemsPlain(ctx)
	if !plain.holds || err != nil {
		return nil, false, err
	}
	conditions, _ := c.db.Statement.Clauses["WHERE"].Expression.(clause.Where)
	c.setClause("WHERE", clause.Where{Exprs: []clause.Expression{statement.First{Ours: statement.Fragment{SQL: c.target.SQL.StillPlain, Vars: plain.definition}, Users: conditions.Exprs}}})
	if err := c.rebuild(); err != nil {
		return nil, false, err
	}
	done, err = c.ConnPool.ExecContext(ctx, c.db.Statement.SQL.String(), c.db.Statement.Vars...)
	if err != nil {
		return nil, false, c.explainBeside(err)
	}
	if n, err := done.RowsAffected(); n > 0 || err != nil {
		return done, true, err
	}
	var holds bool
	if err := c.ConnPool.QueryRowContext(ctx, "SELECT "+c.target.SQL.StillPlain, plain.definition...).Scan(&holds); holds || err != nil {
		return done, true, err
	}
	c.hooks.sessions.Schema.Change()() // forget what is cached of all tables
	c.restoreClause("WHERE")
	return nil, false, c.rebuild()
}

// errOldSnapshot keeps an answer from being cached: the transaction may see an older
// state of the table.
var errOldSnapshot = errors.New("the transaction sees an older database")

// plainness is whether a table is plain, with the parameters of
// dialect.Statements.StillPlain.
type plainness struct {
	holds      bool
	definition []any
}

// seemsPlain reports whether the table was plain when last asked about. If it was
// not, execBeside must not try: the statement is then followed, and would fire the
// table's triggers twice.
func (c *capture) seemsPlain(ctx context.Context) (plainness, error) {
	plain, err := c.hooks.plain.Of(c.target.Table.Model.Table, c.hooks.sessions.SchemaOf(c.ConnPool), func() (plainness, error) {
		plain, err := c.askPlain(ctx)
		return plain, c.explainBeside(err)
	})
	if errors.Is(err, errOldSnapshot) {
		return plainness{}, nil
	}
	return plain, err
}

// askPlain asks the database whether the table is plain.
func (c *capture) askPlain(ctx context.Context) (plain plainness, err error) {
	query := "SELECT " + c.target.SQL.Plain + ", true"
	if c.hooks.tables.Dialect.Lock {
		query = "SELECT " + c.target.SQL.Plain + ", current_setting('transaction_isolation') LIKE 'read %'"
	}
	var current bool
	err = c.ConnPool.QueryRowContext(ctx, query).Scan(&plain.holds, &current)
	if err == nil && !current {
		err = errOldSnapshot
	}
	if c.target.SQL.Defined != "" && err == nil {
		err = dialect.EachValues(ctx, c.ConnPool, c.target.SQL.Defined, nil, func(row []any) error {
			plain.definition = row
			return nil
		})
		plain.holds = plain.holds && len(plain.definition) == 1
	}
	return plain, err
}

func (c *capture) explainBeside(err error) error {
	if err != nil && strings.Contains(err.Error(), "timak_plain") {
		return fmt.Errorf("timakgorm: update of %s (did timakgorm.Migrate run?): %w", c.target.Table.Model.Table, err)
	}
	return err
}
