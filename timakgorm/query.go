package timakgorm

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

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
	at      home // that its SQL writes out
	sql     statements
}

// query returns a SELECT of columns of the rows of a target that where names, or
// of all, locked until the transaction ends.
func (t *target) query(st *gorm.Statement, where clause.Clause, columns fragment) *gorm.Statement {
	d := t.table.dialect
	q := scratch(st)
	q.AddClause(clause.Select{Expression: columns})
	q.Clauses["FROM"] = clause.Clause{Name: "FROM", Expression: items(append([]clause.Expression{t.item}, t.more...))}
	if where.Expression != nil {
		q.Clauses["WHERE"] = where
	}
	if d.lock {
		// In one order for all, so that no two wait for each other crosswise; and as
		// an update locks them, so that rows which refer to them can be made meanwhile.
		q.Clauses["ORDER BY"] = clause.Clause{Name: "ORDER BY", Expression: fragment{sql: strings.Join(each(t.table.model.keys, t.sql.column), ", ")}}
		q.AddClause(clause.Locking{Strength: "NO KEY UPDATE", Table: clause.Table{Name: t.name}})
	}
	onNewLines(q, "ORDER BY", "FOR")
	q.Build("SELECT", "FROM", "WHERE", "ORDER BY", "FOR")
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
	if name, number, plain := plainKey(text); plain {
		return rowKey{name: json.Number(number)}, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var key rowKey
	err := d.Decode(&key)
	return key, err
}

// plainKey reads a key of one integer, as most are, without the cost of JSON.
func plainKey(text string) (name, number string, plain bool) {
	body, opened := strings.CutPrefix(text, `{"`)
	body, closed := strings.CutSuffix(body, "}")
	name, number, parted := strings.Cut(body, `":`)
	number = strings.TrimPrefix(number, " ")
	return name, number, opened && closed && parted && isPlainName(name) && isDecimal(number)
}

// text writes a key as JSON, one key always the same.
func (k rowKey) text() ([]byte, error) {
	for name, value := range k {
		if number, ok := value.(json.Number); ok && len(k) == 1 && isPlainName(name) && isDecimal(string(number)) {
			return []byte(`{"` + name + `":` + string(number) + "}"), nil
		}
	}
	return marshal(k)
}

// isPlainName reports whether JSON holds a name as it is.
func isPlainName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r > 'z' || r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a') })
}

// isDecimal reports whether a text is a whole number.
func isDecimal(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
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
		return json.Number(strconv.FormatInt(r.Int(), 10)), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return json.Number(strconv.FormatUint(r.Uint(), 10)), nil
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
