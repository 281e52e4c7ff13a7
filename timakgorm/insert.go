package timakgorm

import (
	"context"
	"fmt"
	"reflect"

	"gorm.io/gorm/clause"
)

// beforeInsert reads the rows that an insert may conflict with.
func (c *capture) beforeInsert(ctx context.Context) error {
	conflict, found := c.db.Statement.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	if !found {
		return nil
	}
	targets, err := c.conflictTargets(conflict)
	if err != nil {
		return err
	}
	values, err := c.conflictValues(targets)
	if err != nil || len(values) == 0 {
		return err
	}
	if err := c.read(ctx, whereIn(unqualified(c.table.model.table), targets, values)); err != nil {
		return err
	}
	if conflict.DoNothing || !c.table.dialect.lock {
		return nil
	}
	return c.narrowUpsert(conflict)
}

// narrowUpsert keeps an upsert from updating a row that another transaction has
// made since the rows were read: nobody could tell what that was. afterInsert
// finds it missing then.
func (c *capture) narrowUpsert(conflict clause.OnConflict) (err error) {
	st := c.db.Statement
	values, _ := st.Clauses["VALUES"].Expression.(clause.Values)
	c.upserts = len(values.Values)
	if conflict.Where, err = c.amongRead(clause.Where{}); err != nil {
		return err
	}
	st.AddClause(conflict)
	return c.rebuild(st.BuildClauses)
}

// conflictTargets returns the columns by which an upsert finds the rows that
// are there. Those of DO NOTHING are not changed, but locked for as long as
// they are read again by their key.
func (c *capture) conflictTargets(conflict clause.OnConflict) ([]string, error) {
	if conflict.DoNothing {
		if err := c.refuseMixedKeys(); err != nil {
			return nil, err
		}
		return c.table.model.schema.PrimaryFieldDBNames, nil
	}
	if conflict.OnConstraint != "" || len(conflict.Columns) == 0 {
		return nil, c.refuse("ON CONFLICT has no columns: name them in clause.OnConflict.Columns")
	}
	if len(conflict.Where.Exprs) > 0 && c.table.dialect.lock {
		return nil, c.refuse("ON CONFLICT … WHERE: select the row for update first, then create or update it")
	}
	for _, assignment := range conflict.DoUpdates {
		for _, field := range c.table.model.keys {
			if assignment.Column.Name == field.DBName && !keeps(conflict.Columns, assignment) {
				return nil, c.refuse("ON CONFLICT updates the primary key: update it in a statement of its own")
			}
		}
	}
	targets := make([]string, len(conflict.Columns))
	for i, column := range conflict.Columns {
		targets[i] = column.Name
	}
	return targets, nil
}

// keeps reports whether an assignment sets a column to the value by which the
// row was found.
func keeps(targets []clause.Column, assignment clause.Assignment) bool {
	excluded, ok := assignment.Value.(clause.Column)
	return ok && excluded.Table == "excluded" && excluded.Name == assignment.Column.Name && isColumn(targets, excluded.Name)
}

func isColumn(columns []clause.Column, name string) bool {
	for _, column := range columns {
		if column.Name == name {
			return true
		}
	}
	return false
}

// refuseMixedKeys refuses DO NOTHING for rows some of which have a primary key
// and some not: GORM loses the keys that the database makes for the latter.
func (c *capture) refuseMixedKeys() error {
	set, unset := 0, 0
	err := c.eachKey(func(_ rowKey, complete bool) error {
		if complete {
			set++
		} else {
			unset++
		}
		return nil
	})
	if err == nil && set > 0 && unset > 0 {
		return c.refuse("ON CONFLICT DO NOTHING with primary keys set in some rows and not in others: create them apart")
	}
	return err
}

// conflictValues returns the targets' values of each row to be inserted; rows
// without one cannot conflict.
func (c *capture) conflictValues(targets []string) ([][]any, error) {
	values, _ := c.db.Statement.Clauses["VALUES"].Expression.(clause.Values)
	places := make([]int, len(targets))
	for i, target := range targets {
		if places[i] = columnPlace(values.Columns, target); places[i] < 0 {
			return nil, c.checkMade(target)
		}
	}
	var out [][]any
	for _, row := range values.Values {
		picked, err := c.pick(row, targets, places)
		if err != nil {
			return nil, err
		}
		if picked != nil {
			out = append(out, picked)
		}
	}
	return out, nil
}

func columnPlace(columns []clause.Column, name string) int {
	for i, column := range columns {
		if column.Name == name {
			return i
		}
	}
	return -1
}

// checkMade refuses an upsert over a column that the database fills in, unless
// it makes a key that no row has: any other default may be that of a row which
// is there.
func (c *capture) checkMade(target string) error {
	keys := c.table.model.keys
	conflict, _ := c.db.Statement.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	if conflict.DoNothing || len(keys) == 1 && keys[0].DBName == target {
		return nil
	}
	return c.refuse("ON CONFLICT over " + target + ", which the database fills in: give its value")
}

// pick returns the values at some places of a row; nil if one of them is made
// by the database, which SQLite's driver asks for with NULL.
func (c *capture) pick(row []any, targets []string, places []int) ([]any, error) {
	out := make([]any, len(places))
	for i, place := range places {
		expression, isExpression := row[place].(clause.Expr)
		switch {
		case isExpression && expression.SQL == "NULL":
			return nil, nil
		case isExpression && expression.SQL == "DEFAULT":
			return nil, c.checkMade(targets[i])
		case isExpression:
			return nil, c.refuse(fmt.Sprintf("ON CONFLICT over the expression %q: give its value", expression.SQL))
		}
		out[i] = row[place]
	}
	return out, nil
}

// whereIn is the clause: the columns have one of the values.
func whereIn(table string, names []string, values [][]any) clause.Clause {
	in := clause.IN{Column: clause.Column{Table: table, Name: names[0]}}
	if len(names) > 1 {
		columns := make([]clause.Column, len(names))
		for i, name := range names {
			columns[i] = clause.Column{Table: table, Name: name}
		}
		in.Column = columns
	}
	for _, row := range values {
		if len(names) > 1 {
			in.Values = append(in.Values, row)
		} else {
			in.Values = append(in.Values, row[0])
		}
	}
	return clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: []clause.Expression{in}}}
}

// afterInsert adds the rows whose keys the user's values hold now. Nothing but
// keys is taken from them: the rest may differ from what was stored.
func (c *capture) afterInsert() error {
	if c.db.RowsAffected < int64(c.upserts) {
		return c.refuse("another transaction has just made one of its rows: try again")
	}
	known := 0
	err := c.eachKey(func(key rowKey, complete bool) error {
		if !complete {
			return nil
		}
		known++
		return c.changes.touch(key)
	})
	if err == nil && known == 0 && len(c.changes.rows) == 0 && c.db.RowsAffected > 0 {
		return c.refuse("the keys of the rows it made are unknown")
	}
	if _, upsert := c.db.Statement.Clauses["ON CONFLICT"]; err == nil && upsert {
		// One that did nothing about a row has not locked it.
		err = c.table.lock(c.db.Statement.Context, c.ConnPool, &c.changes)
	}
	return err
}

// eachKey calls visit with the primary key of each of the user's values, and
// whether all of its columns are set.
func (c *capture) eachKey(visit func(key rowKey, complete bool) error) error {
	st := c.db.Statement
	return eachStruct(st.ReflectValue, func(v reflect.Value) error {
		if v.Type() != c.table.model.schema.ModelType && v.Type() != st.Schema.ModelType {
			return nil
		}
		key := rowKey{}
		set := false
		for _, field := range st.Schema.PrimaryFields {
			value, zero := field.ValueOf(st.Context, v)
			set = set || !zero
			text, err := keyValue(value)
			if err != nil {
				return fmt.Errorf("timakgorm: %s: %w", st.Table, err)
			}
			key[field.DBName] = text
		}
		return visit(key, set)
	})
}

// eachStruct visits the structs in a struct, slice, array or pointer.
func eachStruct(v reflect.Value, visit func(reflect.Value) error) error {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := eachStruct(v.Index(i), visit); err != nil {
				return err
			}
		}
	case reflect.Struct:
		return visit(v)
	default: // no rows to be seen
	}
	return nil
}
