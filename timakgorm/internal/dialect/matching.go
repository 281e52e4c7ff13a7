package dialect

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Matching returns the condition that a row's columns make text by a template,
// with its parameters. It reports false if no row can. Rows that are equal only
// to the database (citext, char) meet the condition too.
func (t *Table) Matching(by model.Template, text string) (where string, args []any, ok bool) {
	return t.MatchingBy(by, text, t.SQL.Column)
}

// MatchingBy is Matching with columns as the function column writes them.
func (t *Table) MatchingBy(by model.Template, text string, column func(*schema.Field) string) (where string, args []any, ok bool) {
	values, ok := by.Match(text)
	if !ok {
		return "", nil, false
	}
	conditions := []string{"1 = 1"}
	for i, field := range by.Columns {
		if !t.MayHold(field, values[i]) {
			return "", nil, false
		}
		equals, given := t.equals(field, values[i])
		conditions = append(conditions, column(field)+equals)
		args = append(args, given...)
	}
	return "(" + strings.Join(conditions, " AND ") + ")", args, true
}

// MayHold reports whether a column of this database may stand in a key as text.
func (t *Table) MayHold(field *schema.Field, text string) bool {
	if t.Dialect.Numbered { // Postgres would refuse to compare these
		stated := strings.ToLower(string(field.DataType))
		if strings.ContainsRune(text, 0) || strings.HasPrefix(stated, "uuid") && uuid.Validate(text) != nil {
			return false
		}
	}
	return model.Holds(field, text)
}

// equals returns the comparison of a column with all values that stand in a key
// as text, and its parameters.
func (t *Table) equals(field *schema.Field, text string) (comparison string, args []any) {
	if t.Dialect.Numbered {
		return " = " + MarkOf(field, text), []any{text}
	}
	values := sqliteValues(field, text)
	marks := make([]string, len(values))
	for i, value := range values {
		marks[i] = "?"
		if _, isText := value.(string); isText {
			marks[i] = "?, CAST(? AS blob)"
			args = append(args, value)
		}
		args = append(args, value)
	}
	return " IN (" + strings.Join(marks, ", ") + ")", args
}

// MarkOf returns the parameter mark for a text that Postgres compares with a
// column. A number is cast to a type that is not smaller than the column's.
func MarkOf(field *schema.Field, text string) string {
	switch model.KindOf(field) {
	case schema.Bool:
		return "CAST(CAST(? AS text) AS boolean)"
	case schema.Int, schema.Uint:
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return "CAST(CAST(? AS text) AS bigint)"
		}
		return "CAST(CAST(? AS text) AS numeric)"
	default:
		return "?"
	}
}

// sqliteValues returns the values that a column of SQLite may store for a text of
// a key, of any type. A text also stands for its bytes.
func sqliteValues(field *schema.Field, text string) []any {
	switch model.KindOf(field) {
	case schema.Bool:
		if text == "true" {
			return []any{1, "1", "t", "T", "true", "TRUE", "True"}
		}
		return []any{0, "0", "f", "F", "false", "FALSE", "False"}
	default:
		values := []any{text}
		if number, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(number, 10) == text {
			values = append(values, number)
		}
		return values
	}
}
