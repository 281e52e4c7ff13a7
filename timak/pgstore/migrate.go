package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"github.com/timak-go/timak/migrations"
)

// Migrate creates the table of a store, or brings it up to date, with the same
// Options and the same DSN as Open. Each step is a transaction. Many processes may call it at
// once, at every start. The role of dsn needs the right to create tables in the schema.
// What is done is noted in a table beside it, with the same name and "_migrations".
//
// An application with its own migration tool may run the folder pgstore of
// migrations.FS with that instead.
func Migrate(ctx context.Context, dsn string, opts *Options) error {
	if err := migrate(ctx, dsn, opts); err != nil {
		return fmt.Errorf("pgstore: migrate: %w", err)
	}
	return nil
}

func migrate(ctx context.Context, dsn string, opts *Options) (err error) {
	all, err := opts.withDefaults()
	if err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(dsn) // as Open does: a DSN may hold settings of the pool
	if err != nil {
		return errDSN
	}
	db := stdlib.OpenDB(*config.ConnConfig)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := provider(db, all)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return explainMigrate(ctx, err)
}

// advisoryLock is not that of timakgorm, nor goose's own, which the application's
// migrations may hold. Migrations try to take it every second, for five minutes.
const advisoryLock int64 = 0x7067_73746f7265 // "pgstore"

func provider(db *sql.DB, opts Options) (*goose.Provider, error) {
	steps, err := steps(opts.table())
	if err != nil {
		return nil, err
	}
	store, err := database.NewStore(database.DialectPostgres, opts.versions())
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(advisoryLock), lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectCustom, db, nil,
		goose.WithStore(versions{store}),
		goose.WithSessionLocker(locker),
		goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(steps...),
		goose.WithLogger(goose.NopLogger()),
	)
}

// versions is goose's own store, which can be given a quoted name but does not find
// such a table.
type versions struct{ database.Store }

// TableExists reports whether the table is there.
func (v versions) TableExists(ctx context.Context, db database.DBTxConn) (exists bool, err error) {
	err = db.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", v.Tablename()).Scan(&exists)
	return exists, err
}

// steps returns the migrations of a table with this quoted name.
func steps(table string) ([]*goose.Migration, error) {
	files, err := migrations.Steps("pgstore")
	if err != nil {
		return nil, err
	}
	all := make([]*goose.Migration, len(files))
	for i, file := range files {
		all[i] = goose.NewGoMigration(file.Version, step(file.Up, table), step(file.Down, table))
	}
	return all, nil
}

func step(text, table string) *goose.GoFunc {
	statements := strings.ReplaceAll(text, defaultTable, table)
	return &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statements)
		return err
	}}
}
