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

// query returns a SELECT of keys and images of the rows of a target that where
// names, or of all, locked until the transaction ends.
func (t *target) query(st *gorm.Statement, where clause.Clause) *gorm.Statement {
	d := t.table.dialect
	q := scratch(st)
	q.AddClause(clause.Select{Expression: fragment{sql: fmt.Sprintf(d.text+", "+d.text, t.sql.key, t.sql.image)}})
	q.Clauses["FROM"] = clause.Clause{Name: "FROM", Expression: items(append([]clause.Expression{t.item}, t.more...))}
	if where.Expression != nil {
		q.Clauses["WHERE"] = where
	}
	if d.lock {
		// As an update locks them, so that rows which refer to them can be made
		// meanwhile.
		q.AddClause(clause.Locking{Strength: "NO KEY UPDATE", Table: clause.Table{Name: t.name}})
	}
	q.Build("SELECT", "FROM", "WHERE", "FOR")
	return q
}

// items are those of a FROM.
type items []clause.Expression

// Build implements clause.Expression.
func (i items) Build(builder clause.Builder) {
	for n, item := range i {
		if n > 0 {
			_, _ = builder.WriteString(", ")
		}
		item.Build(builder)
	}
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

// whereIn is the clause: the columns of a table have the values of one of the
// rows.
func whereIn(table string, names []string, rows [][]any) clause.Clause {
	columns := make([]clause.Column, len(names))
	for i, name := range names {
		columns[i] = clause.Column{Table: table, Name: name}
	}
	in := clause.IN{Column: columns}
	if len(columns) == 1 {
		in.Column = columns[0]
	}
	for _, row := range rows {
		if len(columns) > 1 {
			in.Values = append(in.Values, row)
		} else {
			in.Values = append(in.Values, row[0])
		}
	}
	return clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: []clause.Expression{in}}}
}
