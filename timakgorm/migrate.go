package timakgorm

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Migrate brings timak's own tables up to date, each step in a transaction. Any
// number of processes may call it at every start. If you have a migration tool,
// give it migrations.FS instead.
func Migrate(ctx context.Context, db *gorm.DB) error {
	if db == nil {
		return errors.New("timakgorm: migrate: got no database: expected what gorm.Open returned without an error")
	}
	return outbox.MigrateUp(ctx, db)
}

// MigrateDown removes all of timak's own tables, and with them the changes that
// wait in the outbox.
func MigrateDown(ctx context.Context, db *gorm.DB) error { return outbox.MigrateDown(ctx, db) }
