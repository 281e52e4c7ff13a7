package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
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
func spillsOf(m *model) []*spill {
	general := &spill{table: fmt.Sprintf("timak_before_%d", len(m.keys))}
	for i := range m.keys {
		general.keys = append(general.keys, fmt.Sprintf("k%d", i))
	}
	if !bareKey(m) {
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
func (s *spill) columns(t *target) string {
	keys := each(t.table.model.keys, t.sql.column)
	if s.integers {
		keys[0] = "CASE typeof(" + keys[0] + ") WHEN 'integer' THEN " + keys[0] + " ELSE 'no integer' END"
	}
	return strings.Join(keys, ", ") + ", " + t.sql.image
}

// untaken reports that it has not taken a row, of all that an INSERT may fail by:
// after other errors SQLite may have rolled the transaction back.
func (s *spill) untaken(err error) bool {
	return s.integers && err != nil &&
		(strings.Contains(err.Error(), "datatype mismatch") || strings.Contains(err.Error(), "UNIQUE constraint failed: "+s.table))
}

// given is how SQL reads the rows.
func (s *spill) given() given {
	g := given{rows: "temp." + s.table + " e", keys: qualified("e.", s.keys), old: "e.image"}
	if s.integers {
		g.pk = "'[' || e.k0 || ']'"
	} else {
		g.pk = fmt.Sprintf(sqlite.array, strings.Join(g.keys, ", "))
	}
	return g
}

// maySpill reports whether the rows of an update or delete may stay in the
// database: where it changes no others, and leaves them their keys.
func (c *capture) maySpill(ctx context.Context) (bool, error) {
	if c.plugin.dialect.lock || len(c.target.more) > 0 || c.setsKey() {
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
	err = c.target.read(ctx, c.ConnPool, c.db.Statement, where, func(key rowKey, old *string) error {
		if may && len(c.changes.rows) == spillAt {
			return errSpill
		}
		return c.saw(key, old)
	})
	if !errors.Is(err, errSpill) {
		return err
	}
	c.changes = changes{}
	for _, c.spill = range spillsOf(c.target.table.model) {
		if err = c.fillSpill(ctx, where); !c.spill.untaken(err) {
			break
		}
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("timakgorm: keep rows of %s: %w", c.target.table.model.table, err)
}

func (c *capture) fillSpill(ctx context.Context, where clause.Clause) error {
	rows := c.target.query(c.db.Statement, where, fragment{sql: c.spill.columns(c.target)})
	if rows.Error != nil {
		return rows.Error
	}
	err := execAll(ctx, c.ConnPool, []string{
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
		return firstOf(err, c.refuseNull())
	}
	return nil
}

// among is the condition that a row is one of those that have been read.
func (c *capture) among() fragment {
	if c.spill == nil {
		return c.target.sql.among(&c.changes)
	}
	columns := strings.Join(each(c.target.table.model.keys, c.target.sql.column), ", ")
	return fragment{sql: "(" + columns + ") IN (SELECT " + strings.Join(c.spill.keys, ", ") + " FROM temp." + c.spill.table + ")"}
}

// record writes to the outbox what became of the rows that have been read.
func (c *capture) record(ctx context.Context) (recorded int64, err error) {
	if c.spill == nil {
		return c.target.table.record(ctx, c.ConnPool, &c.changes, time.Now())
	}
	recorded, err = c.target.table.recordSpill(ctx, c.ConnPool, c.spill)
	if err != nil {
		return 0, c.target.table.failed(err)
	}
	return recorded, execAll(ctx, c.ConnPool, []string{"DELETE FROM temp." + c.spill.table})
}

// recordSpill draws the version by itself: an INSERT that reads the outbox too
// would have SQLite put all rows aside first.
func (t *table) recordSpill(ctx context.Context, pool gorm.ConnPool, s *spill) (recorded int64, err error) {
	version, err := t.draw(ctx, pool, t.floor(&changes{}, time.Now()))
	if err != nil {
		return 0, err
	}
	record := t.dialect.fill(strings.Replace(recordSQL, versionMark, "CAST(? AS bigint)", 1), t.model, t.sql, s.given())
	return affected(pool.ExecContext(ctx, record, t.model.table, version))
}
