package timakgorm

import (
	"context"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Migrate brings timak's own tables up to date, each step in a transaction. It
// may be called at every start, by many processes at once. Those who have a
// migration tool of their own may give it migrations.FS instead.
func Migrate(ctx context.Context, db *gorm.DB) error { return outbox.MigrateUp(ctx, db) }

// MigrateDown takes all of timak's own tables away again, with what waits in
// the outbox.
func MigrateDown(ctx context.Context, db *gorm.DB) error { return outbox.MigrateDown(ctx, db) }
