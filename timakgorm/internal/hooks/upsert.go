package hooks

import (
	"cmp"
	"context"

	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// beforeUpsert reads the rows with which an upsert conflicts, and keeps it from
// updating others. Its values say which they are, unless it has met others twice:
// then the database changes the values, and a trial run tells.
func (c *capture) beforeUpsert(ctx context.Context, conflict clause.OnConflict, metTwice bool) error {
	setsKey := assignsKey(c.target.Table, conflict.DoUpdates, conflict.Columns)
	rows, known := c.conflictRows(conflict, setsKey)
	known = known && (setsKey || !metTwice)
	switch {
	case known && len(rows) > 0:
		if err := c.read(ctx, statement.WhereIn(c.target.Name, columnNames(conflict.Columns), rows)); err != nil {
			return err
		}
	case known:
	case setsKey: // a trial run would show the new key, and not the old one
		return c.refuse("ON CONFLICT updates the primary key of rows that are not found by plain values: update the key in a separate statement")
	default:
		if err := c.probe(ctx); err != nil {
			return err
		}
	}
	if !c.hooks.tables.Dialect.Lock {
		return nil
	}
	c.upsert = &conflict
	c.narrowUpsert(conflict)
	return nil
}

// narrowUpsert makes an upsert fail that would update a row which another transaction
// has inserted since the rows were read, as its old image would be unknown. Casting a
// text that is no boolean raises the error.
func (c *capture) narrowUpsert(conflict clause.OnConflict) {
	sql := c.target.SQL
	guard := amongRows(sql, &c.changes)
	guard.SQL = "CASE WHEN " + guard.SQL + " THEN true ELSE CAST('" + madeMeanwhile + "' || " + sql.Key + "::text AS boolean) END"
	where := clause.Where{Exprs: []clause.Expression{guard}}
	if len(conflict.Where.Exprs) > 0 {
		where.Exprs = []clause.Expression{onlyIf{conflict.Where, guard}}
	}
	conflict.Where = where
	c.setClause("ON CONFLICT", conflict) // addReturning rebuilds the statement
}

// onlyIf is a condition that is evaluated only if another one is true.
type onlyIf struct{ first, then clause.Expression }

// Build implements clause.Expression.
func (o onlyIf) Build(builder clause.Builder) {
	_, _ = builder.WriteString("CASE WHEN ")
	o.first.Build(builder)
	_, _ = builder.WriteString(" THEN ")
	o.then.Build(builder)
	_, _ = builder.WriteString(" ELSE false END")
}

// conflictRows returns the values by which an upsert finds existing rows, and whether
// these are all known: they are if it names the columns and gives them plain values.
// SQLite may compare a column that is not a key by the rules of an index: onlyWay, if
// there is no other way to know the rows, assumes that it does not.
func (c *capture) conflictRows(conflict clause.OnConflict, onlyWay bool) (rows [][]any, known bool) {
	values, _ := c.db.Statement.Clauses["VALUES"].Expression.(clause.Values)
	if conflict.OnConstraint != "" || len(conflict.Columns) == 0 {
		return nil, false
	}
	believed := onlyWay || c.hooks.tables.Dialect.Lock
	places := make([]int, len(conflict.Columns))
	for i, column := range conflict.Columns {
		places[i] = statement.ColumnPlace(values.Columns, column.Name)
		if places[i] < 0 && !c.makesKey(column.Name) || !believed && !isKey(c.target.Table, column.Name) {
			return nil, false
		}
	}
	for _, row := range values.Values {
		picked, plain := c.pick(row, conflict.Columns, places)
		if !plain {
			return nil, false
		}
		if picked != nil {
			rows = append(rows, picked)
		}
	}
	return rows, true
}

// makesKey reports whether the database generates the values of a column, as a key
// that no row has. The default of any other column may be the value of an existing
// row.
func (c *capture) makesKey(column string) bool {
	keys := c.target.Table.Model.Keys
	return len(keys) == 1 && keys[0].DBName == column
}

// pick returns the values at places of a row, and whether they are known; nil if the
// database generates one of them, for which GORM's SQLite driver writes NULL.
func (c *capture) pick(row []any, columns []clause.Column, places []int) (picked []any, plain bool) {
	for i, place := range places {
		if place < 0 {
			return nil, true
		}
		if expression, ok := row[place].(clause.Expr); ok {
			made := expression.SQL == "NULL" || expression.SQL == "DEFAULT" && c.makesKey(columns[i].Name)
			return nil, made
		}
		if !statement.IsPlain(row[place]) {
			return nil, false
		}
		picked = append(picked, row[place])
	}
	return picked, true
}

func columnNames(columns []clause.Column) []string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	return names
}

// probe reads the rows that an upsert is about. It runs the upsert and undoes that to
// find out which they are.
func (c *capture) probe(ctx context.Context) error {
	keys, err := c.undone(ctx, c.keyReturned())
	if err != nil {
		return err
	}
	return c.readKeys(ctx, keys)
}

// readKeys locks and reads rows by their primary keys, which are JSON objects.
func (c *capture) readKeys(ctx context.Context, keys []string) error {
	named := outbox.Changes{}
	for _, text := range keys {
		key, err := model.ParseKey(text)
		if err != nil {
			return err
		}
		if err := named.Touch(key); err != nil {
			return err
		}
	}
	return c.read(ctx, whereAmong(c.target.SQL, &named))
}

// undone runs the statement, undoes it, and returns the values of a column in the
// rows that it has written.
func (c *capture) undone(ctx context.Context, column string) (texts []string, err error) {
	defer func() {
		c.restoreClause("RETURNING")
		err = cmp.Or(err, c.rebuild())
	}()
	if err := c.addReturning(column, true); err != nil {
		return nil, err
	}
	if _, err := c.ConnPool.ExecContext(ctx, "SAVEPOINT timak_probe"); err != nil {
		return nil, err
	}
	_, texts, err = c.runReturning(ctx)
	c.unknown = false
	_, undoErr := c.ConnPool.ExecContext(ctx, "ROLLBACK TO SAVEPOINT timak_probe")
	_, releaseErr := c.ConnPool.ExecContext(ctx, "RELEASE SAVEPOINT timak_probe")
	return texts, cmp.Or(err, undoErr, releaseErr)
}
