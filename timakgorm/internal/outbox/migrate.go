package outbox

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/gorm"

	"github.com/timak-go/timak/migrations"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// MigrateUp brings timak's own tables up to date, each step in a transaction. Many
// processes may call it at once, at every start. An application with its own
// migration tool may run migrations.FS with that instead.
func MigrateUp(ctx context.Context, db *gorm.DB) error {
	d, err := dialect.Of(db.Name())
	if err != nil {
		return err
	}
	provider, err := migrationProvider(d, db)
	if err != nil {
		return fmt.Errorf("timakgorm: migrate: %w", err)
	}
	// SQLite has no advisory lock, so several processes may try the same step at the
	// same time: one succeeds, and the others find the step done on their next try.
	tries := 1
	if d.Name == dialect.SQLite.Name {
		tries += len(provider.ListSources())
	}
	for range tries {
		if _, err = provider.Up(ctx); err == nil {
			return nil
		}
	}
	return fmt.Errorf("timakgorm: migrate: %w", err)
}

// MigrateDown drops all of timak's own tables, with the changes in the outbox.
func MigrateDown(ctx context.Context, db *gorm.DB) error {
	d, err := dialect.Of(db.Name())
	if err != nil {
		return err
	}
	provider, err := migrationProvider(d, db)
	if err != nil {
		return fmt.Errorf("timakgorm: migrate down: %w", err)
	}
	if _, err := provider.DownTo(ctx, 0); err != nil {
		return fmt.Errorf("timakgorm: migrate down: %w", err)
	}
	return nil
}

// migrationsTable is where goose notes which steps are done.
const migrationsTable = "timak_migrations"

// AdvisoryLock is the number of timak's advisory lock on Postgres. It is not goose's
// own, which the application's migrations may hold. Migrations try to take it every
// second, for five minutes.
const AdvisoryLock int64 = 0x74696d616b // "timak"

func migrationProvider(d dialect.Dialect, db *gorm.DB) (*goose.Provider, error) {
	plain, err := db.DB()
	if err != nil {
		return nil, err
	}
	steps, err := migrationSteps(d.Name)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{
		goose.WithTableName(migrationsTable),
		goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(steps...),
		goose.WithLogger(goose.NopLogger()),
	}
	if d.Name == dialect.Postgres.Name {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(AdvisoryLock), lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	gooseDialect := map[string]goose.Dialect{dialect.Postgres.Name: goose.DialectPostgres, dialect.SQLite.Name: goose.DialectSQLite3}[d.Name]
	return goose.NewProvider(gooseDialect, plain, nil, options...)
}

// migrationSteps returns the migrations of a dialect.
func migrationSteps(dialect string) ([]*goose.Migration, error) {
	files, err := migrations.Steps(dialect)
	if err != nil {
		return nil, err
	}
	steps := make([]*goose.Migration, len(files))
	for i, file := range files {
		steps[i] = goose.NewGoMigration(file.Version, migrationStep(file.Up), migrationStep(file.Down))
	}
	return steps, nil
}

func migrationStep(text string) *goose.GoFunc {
	return &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, text)
		return err
	}}
}
