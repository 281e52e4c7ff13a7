package outbox

import (
	"context"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// bareRow is the only row of Changes, as dialect.Table.Bare describes it, with the
// lowest version that its change may get.
type bareRow struct {
	key   int64
	pk    string
	least int64
}

// recordBare is recordChunks for a single row on SQLite, where nobody else writes between
// its two statements.
func recordBare(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, c *Changes, row bareRow) (recorded int64, err error) {
	old := c.Rows[0].Old
	written := c.Written
	if old != nil { // the row was read, so its table is known
		written = ""
	}
	image, err := t.ImageNow(ctx, pool, row.key, written)
	if err != nil || old == nil && image == nil || old != nil && image != nil && *old == *image {
		return 0, err
	}
	return affected(pool.ExecContext(ctx, t.Dialect.RecordBare(), t.Model.Table, row.pk, old, image, row.least))
}
