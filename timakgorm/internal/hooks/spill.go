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

// On SQLite, if a statement is about many rows, their old images stay in the
// database, in a temporary table: reading them and binding them again would cost more
// than everything else. The table belongs to the connection, and a rollback undoes
// what its transaction has put there.

// spillAt is how many rows are read into memory at most; for a few, the temporary
// table costs more.
const spillAt = 200

// errSpill ends the reading of more than spillAt rows.
var errSpill = errors.New("there are too many rows to read into memory")

// spill is a temporary table with the old rows of a statement.
type spill struct {
	table string
	keys  []string // the columns of the primary key
	// integers says that the key is one integer, which is the table's primary key too.
	// The table rejects rows whose key is not an integer, as SQLite allows in the
	// tracked table.
	integers bool
}

// spillsOf returns the temporary tables to try for the rows of a model, the faster
// one first. The last one takes all rows.
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

// definition is the list of columns in CREATE TABLE.
func (s *spill) definition() string {
	if s.integers {
		return "(k0 integer PRIMARY KEY, image)"
	}
	return "(" + strings.Join(s.keys, ", ") + ", image)"
}

// columns returns the columns to fill it with. An integer primary key would take NULL
// for the next number, and a text of digits for a number: both are made a text that
// it rejects.
func (s *spill) columns(t *statement.Target) string {
	keys := dialect.Columns(t.Table.Model.Keys, t.SQL.Column)
	if s.integers {
		keys[0] = "CASE typeof(" + keys[0] + ") WHEN 'integer' THEN " + keys[0] + " ELSE 'no integer' END"
	}
	return strings.Join(keys, ", ") + ", " + t.SQL.Image
}

// rejects reports whether an INSERT failed as the table rejects a row. After any other
// error SQLite may have rolled the transaction back.
func (s *spill) rejects(err error) bool {
	return s.integers && err != nil &&
		(strings.Contains(err.Error(), "datatype mismatch") || strings.Contains(err.Error(), "UNIQUE constraint failed: "+s.table))
}

// given returns how SQL reads the rows.
func (s *spill) given() dialect.Given {
	g := dialect.Given{Rows: "temp." + s.table + " e", Keys: qualified("e.", s.keys), Old: "e.image"}
	if s.integers {
		g.PK = "'[' || e.k0 || ']'"
	} else {
		g.PK = fmt.Sprintf(dialect.SQLite.Array, strings.Join(g.Keys, ", "))
	}
	return g
}

// maySpill reports whether the rows of an update or delete may stay in the database:
// it must change no other rows, and not their keys.
func (c *capture) maySpill(ctx context.Context) (bool, error) {
	if c.hooks.tables.Dialect.Lock || len(c.target.More) > 0 || c.setsKey() {
		return false, nil
	}
	said, _ := c.db.Statement.Clauses["UPDATE"].Expression.(clause.Update)
	modifier, err := c.modifier(ctx, said.Modifier)
	return modifier == "", err
}

// readOrSpill reads the rows that conditions select, or copies them to a temporary
// table if they are too many. The conditions may then select other rows than at
// first: those count.
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
	if err == nil || errors.Is(err, statement.ErrUncaptured) {
		return err
	}
	return fmt.Errorf("timakgorm: copy rows of %s to a temporary table: %w", c.target.Table.Model.Table, err)
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

// among returns the condition that a row is one of those that have been read.
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

// amongRows returns the condition that a row is one of the changes.
func amongRows(sql dialect.Statements, c *outbox.Changes) statement.Fragment {
	condition, arg := sql.Among(c.Rows)
	return statement.Fragment{SQL: condition, Vars: []any{arg}}
}

// whereAmong returns a clause: a row is one of the changes.
func whereAmong(sql dialect.Statements, c *outbox.Changes) clause.Clause {
	return clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: []clause.Expression{amongRows(sql, c)}}}
}
