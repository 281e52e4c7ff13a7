package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// maxConns is enough for a blog, and leaves most connections of a Postgres to
// others.
const maxConns = 10

// databaseFile is the SQLite file in the data folder.
const databaseFile = "blog.sqlite"

// openDatabase opens the tables: in Postgres if configured, otherwise in SQLite in
// the data folder.
func openDatabase(ctx context.Context, c config) (*gorm.DB, error) {
	if !c.onPostgres() {
		return openSQLite(ctx, filepath.Join(c.data, databaseFile))
	}
	db, pool, err := open(postgres.Open(c.postgres.Reveal()))
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		err = errDSN
	}
	if err != nil {
		return nil, fmt.Errorf("open Postgres: %w", err)
	}
	if err := await(ctx, pool, c.postgresWait); err != nil {
		return nil, errors.Join(fmt.Errorf("reach Postgres: %w", err), pool.Close())
	}
	return db, nil
}

// errDSN replaces the driver's error about an unreadable DSN, which may quote a
// part of the password.
var errDSN = errors.New("the DSN is not valid: expected postgres://user:password@host:port/database, " +
	"with every character of the password but letters and digits written as %XX, or host=… user=… password='…' dbname=…; " +
	"or a file that it names cannot be read")

func openSQLite(ctx context.Context, path string) (*gorm.DB, error) {
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	dsn, err := sqliteDSN(path)
	if err != nil {
		return nil, err
	}
	db, pool, err := open(sqlite.Open(dsn))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), pool.Close())
	}
	return db, nil
}

// makePrivate creates the file if needed, readable and writable only by its owner;
// SQLite would leave that to the umask.
func makePrivate(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// sqliteDSN names the file as a URI, so that its path may contain any character.
// Transactions begin as writers: one that began as a reader would fail at its first
// write instead of waiting for its turn.
func sqliteDSN(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	file := url.URL{
		Scheme: "file",
		Path:   filepath.ToSlash(path),
		RawQuery: url.Values{
			"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "foreign_keys(1)"},
			"_txlock": {"immediate"},
		}.Encode(),
	}
	return file.String(), nil
}

// open makes a pool that is not connected yet. GORM's own log is off, as it would
// show the values of statements; errors are returned, and reported where they are
// handled.
func open(dialector gorm.Dialector) (*gorm.DB, *sql.DB, error) {
	db, err := gorm.Open(dialector, &gorm.Config{
		DisableAutomaticPing: true,
		TranslateError:       true,
		Logger:               logger.Discard,
		NowFunc:              func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	})
	if err != nil {
		return nil, nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, nil, err
	}
	pool.SetMaxOpenConns(maxConns)
	pool.SetMaxIdleConns(maxConns)
	return db, pool, nil
}

// await waits until the server answers. It gives up after the given time, or at
// once if the server refuses the connection permanently.
func await(ctx context.Context, pool *sql.DB, wait time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		err := pool.PingContext(waiting)
		if err == nil || refused(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-waiting.Done():
			return err
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// refused reports whether a server refused the connection permanently.
func refused(err error) bool {
	const startingUp = "57P03"
	answer := (*pgconn.PgError)(nil)
	return errors.As(err, &answer) && answer.Code != startingUp
}
