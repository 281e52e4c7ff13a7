package dialect

import (
	"fmt"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// pinned is a column that a session of Postgres may write in ways of its own, in
// the one way that timak_json has. Most numbers need not go through it.
func (d Dialect) pinned(field *schema.Field, column string) string {
	pinned := fmt.Sprintf("%stimak_json(%s)", d.own, column)
	if model.KindOf(field) == schema.Float {
		return fmt.Sprintf("CASE WHEN current_setting('extra_float_digits')::int > 0 THEN to_json(%s) ELSE %s END", column, pinned)
	}
	return pinned
}
