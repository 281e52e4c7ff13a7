package dialect

import (
	"fmt"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// pinned returns SQL for a column that Postgres writes according to settings of
// the session: timak_json writes it in one way. Most numbers do not need it.
func (d Dialect) pinned(field *schema.Field, column string) string {
	pinned := fmt.Sprintf("%stimak_json(%s)", d.own, column)
	if model.KindOf(field) == schema.Float {
		return fmt.Sprintf("CASE WHEN current_setting('extra_float_digits')::int > 0 THEN to_json(%s) ELSE %s END", column, pinned)
	}
	return pinned
}
