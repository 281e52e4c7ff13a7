package dialect

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Qualifies returns a function that writes the column of a row by its alias.
func Qualifies(alias string) func(*schema.Field) string {
	return func(field *schema.Field) string { return alias + "." + sqltext.QuotePart(field.DBName) }
}

// Seen is the condition that a row is not soft-deleted; "" if none ever is.
func Seen(m *model.Model, alias string) string {
	condition := m.Visible
	for _, field := range m.Visibility {
		condition = strings.ReplaceAll(condition, m.RowMark+m.Quote(field.DBName), Qualifies(alias)(field))
	}
	if condition == "" {
		return ""
	}
	return "(" + condition + ")"
}

// Provided is a value where a condition holds, NULL elsewhere; "" always holds.
func Provided(there, object string) string {
	if there == "" {
		return object
	}
	return fmt.Sprintf("CASE WHEN %s THEN %s END", there, object)
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

// Columns writes each of some fields.
func Columns(fields []*schema.Field, write func(*schema.Field) string) []string {
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = write(field)
	}
	return parts
}

// PKOf is the primary key of a row as the outbox has it.
func (d Dialect) PKOf(m *model.Model, alias string) string {
	return fmt.Sprintf(d.Array, strings.Join(Columns(m.Keys, Qualifies(alias)), ", "))
}
