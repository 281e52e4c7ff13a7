package outbox

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// EachImage calls visit with every image in the outbox's changes of a table, nil for
// a NULL.
func (o *Outbox) EachImage(ctx context.Context, t *dialect.Table, visit func(image *string)) error {
	err := dialect.EachRow(ctx, o.DB, o.dialect.Bind("SELECT old, new FROM timak_outbox WHERE tbl = ?"), []any{t.Model.Table}, func(found *sql.Rows) error {
		var before, after *string
		if err := found.Scan(&before, &after); err != nil {
			return err
		}
		visit(before)
		visit(after)
		return nil
	})
	if err != nil {
		return fmt.Errorf("timakgorm: read outbox: %w", err)
	}
	return nil
}
