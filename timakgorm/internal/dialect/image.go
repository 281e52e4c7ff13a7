package dialect

import (
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// imageColumns returns the columns that the image of a row is made of, separated by commas.
func (d Dialect) imageColumns(m *model.Model, column func(*schema.Field) string) string {
	var names []string
	d.ImageOf(m, func(field *schema.Field) string {
		if name := column(field); !slices.Contains(names, name) {
			names = append(names, name)
		}
		return ""
	})
	return strings.Join(names, ", ")
}

// ImageOf writes the image of a row, whose columns the function column names: a
// JSON object, or NULL for a soft-deleted row.
func (d Dialect) ImageOf(m *model.Model, column func(*schema.Field) string) string {
	return CaseWhen(Shown(m, column), d.ObjectOf(m.Columns, column))
}
