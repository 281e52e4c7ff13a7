package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

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
}

// spillOf returns the temporary table for the rows of a model.
func spillOf(m *model) *spill {
	s := &spill{table: fmt.Sprintf("temp.timak_before_%d", len(m.keys))}
	for i := range m.keys {
		s.keys = append(s.keys, fmt.Sprintf("k%d", i))
	}
	return s
}

// given is how SQL reads the rows. An integer makes a JSON array in less time by
// itself, and SQLite keeps other values in a column of integers too.
func (s *spill) given(m *model) given {
	g := given{rows: s.table + " e", keys: qualified("e.", s.keys), old: "e.image"}
	g.pk = fmt.Sprintf(sqlite.array, strings.Join(g.keys, ", "))
	if bareKey(m) {
		g.pk = "CASE typeof(e.k0) WHEN 'integer' THEN '[' || e.k0 || ']' ELSE " + g.pk + " END"
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
	c.changes, c.spill = changes{}, spillOf(c.target.table.model)
	if err := c.fillSpill(ctx, where); err != nil {
		return fmt.Errorf("timakgorm: keep rows of %s: %w", c.target.table.model.table, err)
	}
	return nil
}

func (c *capture) fillSpill(ctx context.Context, where clause.Clause) error {
	columns := strings.Join(each(c.target.table.model.keys, c.target.sql.column), ", ") + ", " + c.target.sql.image
	rows := c.target.query(c.db.Statement, where, columns)
	if rows.Error != nil {
		return rows.Error
	}
	err := execAll(ctx, c.ConnPool, []string{
		"CREATE TEMP TABLE IF NOT EXISTS " + strings.TrimPrefix(c.spill.table, "temp.") + " (" + strings.Join(c.spill.keys, ", ") + ", image)",
		"DELETE FROM " + c.spill.table,
	})
	if err != nil {
		return err
	}
	if _, err := c.ConnPool.ExecContext(ctx, "INSERT INTO "+c.spill.table+" "+rows.SQL.String(), rows.Vars...); err != nil {
		return err
	}
	var null bool
	anyNull := "SELECT EXISTS (SELECT 1 FROM " + c.spill.table + " WHERE " + strings.Join(c.spill.keys, " IS NULL OR ") + " IS NULL)"
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
	return fragment{sql: "(" + columns + ") IN (SELECT " + strings.Join(c.spill.keys, ", ") + " FROM " + c.spill.table + ")"}
}

// record writes to the outbox what became of the rows that have been read.
func (c *capture) record(ctx context.Context) (recorded int64, err error) {
	if c.spill == nil {
		return c.target.table.record(ctx, c.ConnPool, &c.changes, time.Now())
	}
	t := c.target.table
	given := c.spill.given(t.model)
	recorded, err = affected(c.ConnPool.ExecContext(ctx, t.dialect.fill(recordSQL, t.model, t.sql, given), t.model.table, nil, t.floor(&c.changes, time.Now())))
	if err != nil {
		return 0, fmt.Errorf("timakgorm: outbox of %s (did timakgorm.Migrate run?): %w", t.model.table, err)
	}
	return recorded, execAll(ctx, c.ConnPool, []string{"DELETE FROM " + c.spill.table})
}
