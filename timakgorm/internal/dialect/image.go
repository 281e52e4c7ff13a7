package dialect

import (
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// ImageOf writes the image of a row, whose columns the function column names: a
// JSON object, or NULL for a soft-deleted row.
func (d Dialect) ImageOf(m *model.Model, column func(*schema.Field) string) string {
	object := d.ObjectOf(m.Columns, column)
	if m.Visible == "" {
		return object
	}
	condition := m.Visible
	for _, field := range m.Visibility {
		condition = strings.ReplaceAll(condition, m.RowMark+m.Quote(field.DBName), column(field))
	}
	return "CASE WHEN " + condition + " THEN " + object + " END"
}
