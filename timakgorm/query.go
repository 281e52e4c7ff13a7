package timakgorm

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

type (
	result = sql.Result
	rows   = sql.Rows
)

// table is a tracked table in one database.
type table struct {
	model   *model
	dialect dialect
	sql     statements
}

// query returns a SELECT of keys and images of the rows that where names, or
// of all, locked until the transaction ends.
func (t *table) query(db *gorm.DB, where clause.Clause) *gorm.Statement {
	st := &gorm.Statement{
		DB:      db.Session(&gorm.Session{NewDB: true}),
		Context: db.Statement.Context,
		Table:   unqualified(t.model.table),
		Schema:  t.model.schema,
		Clauses: map[string]clause.Clause{},
	}
	columns := fmt.Sprintf(t.dialect.text+", "+t.dialect.text, t.sql.key, t.sql.image)
	st.AddClause(clause.Select{Expression: clause.Expr{SQL: columns}})
	st.AddClause(clause.From{Tables: []clause.Table{{Name: t.sql.from, Raw: true}}})
	if where.Expression != nil {
		st.Clauses["WHERE"] = where
	}
	if t.dialect.lock {
		// As an update locks them, so that rows which refer to them can be made
		// meanwhile.
		st.AddClause(clause.Locking{Strength: "NO KEY UPDATE"})
	}
	st.Build("SELECT", "FROM", "WHERE", "FOR")
	return st
}

// parseKey reads a key that the database has written, numbers unchanged.
func parseKey(text string) (rowKey, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var key rowKey
	err := d.Decode(&key)
	return key, err
}

// keyValue returns a value of a key as JSON holds it, the same that the database
// writes: an integer, a text, a bool, or nil for NULL.
func keyValue(v any) (any, error) {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
		return nil, nil // whose Value may not be called
	}
	if valuer, ok := v.(driver.Valuer); ok {
		value, err := valuer.Value()
		if err != nil {
			return nil, err
		}
		v = value
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Invalid:
		return nil, nil
	case reflect.Pointer:
		return keyValue(r.Elem().Interface())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return json.Number(fmt.Sprint(r.Int())), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return json.Number(fmt.Sprint(r.Uint())), nil
	case reflect.String:
		return r.String(), nil
	case reflect.Bool:
		return r.Bool(), nil
	default:
		return nil, fmt.Errorf("a key of type %T: expected an integer, a text or a UUID", v)
	}
}
