package dialect

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Qualifies returns a function that writes a row's column with the row's alias.
func Qualifies(alias string) func(*schema.Field) string {
	return func(field *schema.Field) string { return alias + "." + sqltext.QuotePart(field.DBName) }
}

// Seen returns the condition that a row is not soft-deleted, or "" if the model
// has no soft delete.
func Seen(m *model.Model, alias string) string { return Shown(m, Qualifies(alias)) }

// Shown is Seen for a row whose columns the function column names.
func Shown(m *model.Model, column func(*schema.Field) string) string {
	condition := m.Visible
	for _, field := range m.Visibility {
		condition = strings.ReplaceAll(condition, m.RowMark+m.Quote(field.DBName), column(field))
	}
	if condition == "" {
		return ""
	}
	return "(" + condition + ")"
}

// CaseWhen returns SQL for value where a condition holds and NULL elsewhere. The
// condition "" always holds.
func CaseWhen(condition, value string) string {
	if condition == "" {
		return value
	}
	return fmt.Sprintf("CASE WHEN %s THEN %s END", condition, value)
}

// Joined joins the parts that are not empty.
func Joined(separator string, parts ...string) string {
	var kept []string
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, separator)
}

// Columns returns what write makes of each field.
func Columns(fields []*schema.Field, write func(*schema.Field) string) []string {
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = write(field)
	}
	return parts
}

// PKOf returns the primary key of a row as the outbox stores it.
func (d Dialect) PKOf(m *model.Model, alias string) string {
	return fmt.Sprintf(d.Array, strings.Join(Columns(m.Keys, Qualifies(alias)), ", "))
}
