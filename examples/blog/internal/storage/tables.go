package storage

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

	_ "github.com/timak-go/timak/timakgorm/pgxlisten" // open pages hear of other processes at once
)

// maxConns is enough for a blog, and leaves most connections of a Postgres to
// others. The tables have as many, and the timelines if they are there too.
const maxConns = 10

// openTables opens the tables: in Postgres if configured, otherwise in SQLite in
// the folder.
func (s *Storage) openTables(ctx context.Context) error {
	if s.config.OnPostgres() {
		return s.openServer(ctx)
	}
	return s.openSQLite(ctx, filepath.Join(s.config.Folder, TablesFile))
}

// openServer opens the tables in Postgres.
func (s *Storage) openServer(ctx context.Context) error {
	pool, err := s.newPool(postgres.Open(s.config.Postgres.Reveal()))
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		err = errDSN
	}
	if err != nil {
		return fmt.Errorf("open Postgres: %w", err)
	}
	if err := await(ctx, pool, s.config.PostgresWait); err != nil {
		return fmt.Errorf("reach Postgres: %w", err)
	}
	return nil
}

// errDSN replaces the driver's error about an unreadable DSN, which may quote a
// part of the password.
var errDSN = errors.New("the DSN is not valid: expected postgres://user:password@host:port/database, " +
	"with every character of the password but letters and digits written as %XX, or host=… user=… password='…' dbname=…; " +
	"or a file that it names cannot be read")

func (s *Storage) openSQLite(ctx context.Context, path string) error {
	if err := makePrivate(path); err != nil {
		return err
	}
	dsn, err := sqliteDSN(path)
	if err != nil {
		return err
	}
	pool, err := s.newPool(sqlite.Open(dsn))
	if err == nil {
		err = pool.PingContext(ctx)
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	return nil
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

// newPool makes a pool that is not connected yet, until Close. GORM's own log is off, as it
// would show the values of statements; errors are returned, and reported where they are
// handled.
func (s *Storage) newPool(dialector gorm.Dialector) (*sql.DB, error) {
	db, err := gorm.Open(dialector, &gorm.Config{
		DisableAutomaticPing: true,
		TranslateError:       true,
		Logger:               logger.Discard,
		NowFunc:              func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	})
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(maxConns)
	pool.SetMaxIdleConns(maxConns)
	s.DB = db
	s.closers = append(s.closers, pool.Close)
	return pool, nil
}
