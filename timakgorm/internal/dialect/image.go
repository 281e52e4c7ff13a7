package dialect

import (
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// ImageOf writes the image of a row, whose columns the function column names: a
// JSON object, or NULL for a soft-deleted row.
func (d Dialect) ImageOf(m *model.Model, column func(*schema.Field) string) string {
	return CaseWhen(Shown(m, column), d.ObjectOf(m.Columns, column))
}
