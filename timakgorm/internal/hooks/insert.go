package hooks

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// beforeInsert reads the rows that an insert may change, and decides whether the
// statement must return the keys of the rows it inserts.
func (c *capture) beforeInsert(ctx context.Context) error {
	insert, _ := c.db.Statement.Clauses["INSERT"].Expression.(clause.Insert)
	conflict, upsert := c.db.Statement.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	modifier, err := c.modifier(ctx, insert.Modifier)
	if err != nil {
		return err
	}
	seen, err := c.keysSeen(ctx)
	if err != nil {
		return err
	}
	c.returning = upsert || modifier != "" || !seen
	switch modifier {
	case "", "OR ABORT", "OR ROLLBACK", "OR IGNORE":
	case "OR REPLACE":
		if upsert {
			return c.refuse("INSERT OR REPLACE together with ON CONFLICT: use one of them")
		}
		return c.beforeReplace(ctx)
	default:
		return c.refuse("INSERT " + modifier + ": use clause.OnConflict")
	}
	if !upsert || conflict.DoNothing { // existing rows stay as they are
		return nil
	}
	return c.beforeUpsert(ctx, conflict, false)
}

// keysSeen reports whether the user's values will hold the primary keys of all
// inserted rows: they are structs of a model with these keys, and GORM writes each
// key as the struct has it, or sets it from what the database returns.
func (c *capture) keysSeen(ctx context.Context) (bool, error) {
	st := c.db.Statement
	if st.Schema == nil || !slices.Equal(st.Schema.PrimaryFieldDBNames, c.target.Table.Model.Schema.PrimaryFieldDBNames) ||
		rowType(st.ReflectValue) != st.Schema.ModelType {
		return false, nil
	}
	values, _ := st.Clauses["VALUES"].Expression.(clause.Values)
	written := false
	for _, field := range st.Schema.PrimaryFields {
		if returns(st, field) {
			continue
		}
		if !writesPlain(values, field.DBName) {
			return false, nil
		}
		written = true
	}
	if !written {
		return true, nil
	}
	changes, err := c.changesInserts(ctx)
	return !changes, err
}

// changesInserts reports whether triggers may change the keys of inserted rows: on
// Postgres, BEFORE INSERT triggers of the table or of its partitions.
func (c *capture) changesInserts(ctx context.Context) (bool, error) {
	if !c.hooks.tables.Dialect.Lock {
		return false, nil
	}
	table := c.target.Table.Model.Table
	return c.hooks.inserts.Of(table, c.hooks.sessions.SchemaOf(c.ConnPool), func() (changes bool, err error) {
		if err := c.ConnPool.QueryRowContext(ctx, insertTriggers, c.target.Table.SQL.From).Scan(&changes); err != nil {
			return false, fmt.Errorf("timakgorm: triggers of %s: %w", table, err)
		}
		return changes, nil
	})
}

// insertTriggers asks whether a table or one of its parts has a trigger BEFORE INSERT
// FOR EACH ROW: bits 1, 2 and 4 of its type.
const insertTriggers = `WITH RECURSIVE parts AS (
		SELECT to_regclass($1)::oid AS id
		UNION SELECT i.inhrelid FROM pg_inherits i JOIN parts p ON i.inhparent = p.id
	)
	SELECT EXISTS (SELECT 1 FROM pg_trigger t JOIN parts p ON t.tgrelid = p.id WHERE t.tgtype & 7 = 7)`

// givenKeys reports whether an insert gives every row its primary key.
func (c *capture) givenKeys() bool {
	values, _ := c.db.Statement.Clauses["VALUES"].Expression.(clause.Values)
	return !slices.ContainsFunc(c.db.Statement.Schema.PrimaryFields, func(field *schema.Field) bool { return !writesPlain(values, field.DBName) })
}

// rowType returns the type of the rows in a pointer, slice or array; nil for no value.
func rowType(v reflect.Value) reflect.Type {
	if !v.IsValid() {
		return nil
	}
	t := v.Type()
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	return t
}

// returns reports whether a statement returns a column, which GORM sets in the user's
// values.
func returns(st *gorm.Statement, field *schema.Field) bool {
	returning, ok := st.Clauses["RETURNING"].Expression.(clause.Returning)
	if !ok || !slices.Contains(st.BuildClauses, "RETURNING") {
		return false
	}
	return len(returning.Columns) == 0 || slices.ContainsFunc(returning.Columns, func(column clause.Column) bool {
		return column.Name == field.DBName || column.Name == "*"
	})
}

// writesPlain reports whether an insert gives a column a plain value in every row.
func writesPlain(values clause.Values, column string) bool {
	place := statement.ColumnPlace(values.Columns, column)
	return place >= 0 && !slices.ContainsFunc(values.Values, func(row []any) bool { return !statement.IsPlain(row[place]) })
}

// afterInsert adds the rows whose keys the user's values now hold. It takes only keys
// from them: the other columns may differ from what was stored.
func (c *capture) afterInsert() error {
	st := c.db.Statement
	return eachStruct(st.ReflectValue, func(v reflect.Value) error {
		key := model.RowKey{}
		for _, field := range st.Schema.PrimaryFields {
			value, _ := field.ValueOf(st.Context, v)
			text, err := model.KeyValue(value)
			if err != nil {
				return fmt.Errorf("timakgorm: %s: %w", st.Table, err)
			}
			key[field.DBName] = text
		}
		return c.made(key)
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
	default: // no structs
	}
	return nil
}
