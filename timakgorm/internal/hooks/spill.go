package hooks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// On SQLite the old rows of a statement about many stay in the database, in a
// temporary table: to take their images out and to put them in again costs more
// than all the rest. It is of the connection alone, and what a transaction puts
// there goes with it.

// spillAt is how many rows are taken out at most; a few cost less than the table.
const spillAt = 200

// errSpill ends the reading of rows that are more.
var errSpill = errors.New("there are too many rows to take out")

// spill is the old rows of a statement in a temporary table.
type spill struct {
	table string
	keys  []string // the columns of the primary key
	// integers reports that the key is one integer, by which the table is ordered. A
	// column of integers may hold other values too: it does not take these.
	integers bool
}

// spillsOf returns the temporary tables for the rows of a model, the one that
// takes less time first. The last takes all rows.
func spillsOf(m *model.Model) []*spill {
	general := &spill{table: fmt.Sprintf("timak_before_%d", len(m.Keys))}
	for i := range m.Keys {
		general.keys = append(general.keys, fmt.Sprintf("k%d", i))
	}
	if !dialect.BareKey(m) {
		return []*spill{general}
	}
	return []*spill{{table: "timak_before_integer", keys: general.keys, integers: true}, general}
}

// definition is the list of columns.
func (s *spill) definition() string {
	if s.integers {
		return "(k0 integer PRIMARY KEY, image)"
	}
	return "(" + strings.Join(s.keys, ", ") + ", image)"
}

// columns are what is read for it. To a column of integers a NULL would mean the
// next one, and a text of digits a number.
func (s *spill) columns(t *statement.Target) string {
	keys := dialect.Columns(t.Table.Model.Keys, t.SQL.Column)
	if s.integers {
		keys[0] = "CASE typeof(" + keys[0] + ") WHEN 'integer' THEN " + keys[0] + " ELSE 'no integer' END"
	}
	return strings.Join(keys, ", ") + ", " + t.SQL.Image
}

// rejects reports that it has not taken a row, of all that an INSERT may fail by:
// after other errors SQLite may have rolled the transaction back.
func (s *spill) rejects(err error) bool {
	return s.integers && err != nil &&
		(strings.Contains(err.Error(), "datatype mismatch") || strings.Contains(err.Error(), "UNIQUE constraint failed: "+s.table))
}

// given is how SQL reads the rows.
func (s *spill) given() dialect.Given {
	g := dialect.Given{Rows: "temp." + s.table + " e", Keys: qualified("e.", s.keys), Old: "e.image"}
	if s.integers {
		g.PK = "'[' || e.k0 || ']'"
	} else {
		g.PK = fmt.Sprintf(dialect.SQLite.Array, strings.Join(g.Keys, ", "))
	}
	return g
}

// maySpill reports whether the rows of an update or delete may stay in the
// database: where it changes no others, and leaves them their keys.
func (c *capture) maySpill(ctx context.Context) (bool, error) {
	if c.hooks.tables.Dialect.Lock || len(c.target.More) > 0 || c.setsKey() {
		return false, nil
	}
	said, _ := c.db.Statement.Clauses["UPDATE"].Expression.(clause.Update)
	modifier, err := c.modifier(ctx, said.Modifier)
	return modifier == "", err
}

// readOrSpill reads the rows that conditions name, or has them stay. The
// conditions may name others when they are asked again: those count.
func (c *capture) readOrSpill(ctx context.Context, where clause.Clause) error {
	may, err := c.maySpill(ctx)
	if err != nil {
		return err
	}
	err = c.target.Read(ctx, c.ConnPool, c.db.Statement, where, func(key model.RowKey, old *string) error {
		if may && len(c.changes.Rows) == spillAt {
			return errSpill
		}
		return c.saw(key, old)
	})
	if !errors.Is(err, errSpill) {
		return err
	}
	c.changes = outbox.Changes{}
	for _, c.spill = range spillsOf(c.target.Table.Model) {
		if err = c.fillSpill(ctx, where); !c.spill.rejects(err) {
			break
		}
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("timakgorm: keep rows of %s: %w", c.target.Table.Model.Table, err)
}

func (c *capture) fillSpill(ctx context.Context, where clause.Clause) error {
	rows := c.target.Query(c.db.Statement, where, statement.Fragment{SQL: c.spill.columns(c.target)})
	if rows.Error != nil {
		return rows.Error
	}
	err := dialect.ExecAll(ctx, c.ConnPool, []string{
		"CREATE TEMP TABLE IF NOT EXISTS " + c.spill.table + " " + c.spill.definition(),
		"DELETE FROM temp." + c.spill.table,
	})
	if err != nil {
		return err
	}
	if _, err := c.ConnPool.ExecContext(ctx, "INSERT INTO temp."+c.spill.table+" "+rows.SQL.String(), rows.Vars...); err != nil || c.spill.integers {
		return err
	}
	var null bool
	anyNull := "SELECT EXISTS (SELECT 1 FROM temp." + c.spill.table + " WHERE " + strings.Join(c.spill.keys, " IS NULL OR ") + " IS NULL)"
	if err := c.ConnPool.QueryRowContext(ctx, anyNull).Scan(&null); null || err != nil {
		return cmp.Or(err, c.refuseNull())
	}
	return nil
}

// among is the condition that a row is one of those that have been read.
func (c *capture) among() statement.Fragment {
	if c.spill == nil {
		return amongRows(c.target.SQL, &c.changes)
	}
	columns := strings.Join(dialect.Columns(c.target.Table.Model.Keys, c.target.SQL.Column), ", ")
	return statement.Fragment{SQL: "(" + columns + ") IN (SELECT " + strings.Join(c.spill.keys, ", ") + " FROM temp." + c.spill.table + ")"}
}

// record writes to the outbox what became of the rows that have been read.
func (c *capture) record(ctx context.Context) (recorded int64, err error) {
	if c.spill == nil {
		return outbox.Record(ctx, c.ConnPool, c.target.Table, &c.changes, time.Now())
	}
	recorded, err = outbox.RecordFrom(ctx, c.ConnPool, c.target.Table, c.spill.given(), time.Now())
	if err != nil {
		return 0, err
	}
	return recorded, dialect.ExecAll(ctx, c.ConnPool, []string{"DELETE FROM temp." + c.spill.table})
}

// amongRows is the condition that a row is one of the changes.
func amongRows(sql dialect.Statements, c *outbox.Changes) statement.Fragment {
	condition, arg := sql.Among(c.Rows)
	return statement.Fragment{SQL: condition, Vars: []any{arg}}
}
