package dialect

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Beyond returns the condition that the primary key of a row comes after another, a JSON
// object, in the order of its columns, with its parameters.
func (t *Table) Beyond(key string) (condition string, args []any, err error) {
	values, err := model.ParseKey(key)
	if err != nil {
		return "", nil, err
	}
	marks := make([]string, len(t.Model.Keys))
	for i, field := range t.Model.Keys {
		value, there := values[field.DBName]
		if !there || value == nil {
			return "", nil, fmt.Errorf("key %s has no %q", key, field.DBName)
		}
		marks[i] = "?"
		if t.Dialect.Numbered {
			text := fmt.Sprint(value)
			marks[i] = MarkOf(field, text)
			value = text
		} else if number, is := value.(json.Number); is {
			if value, err = number.Int64(); err != nil {
				return "", nil, err
			}
		}
		args = append(args, value)
	}
	columns := strings.Join(Columns(t.Model.Keys, t.SQL.Column), ", ")
	return "(" + columns + ") > (" + strings.Join(marks, ", ") + ")", args, nil
}
