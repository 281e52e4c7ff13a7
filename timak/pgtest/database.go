package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// A database is named timak_test_<seconds since 1970>_<random>. The time tells a
// database that was left behind from one in use.
const (
	databasePrefix = "timak_test_"
	abandonedAfter = 24 * time.Hour // longer than any test runs
)

// createDatabase creates an empty database and returns its name.
func createDatabase(ctx context.Context, admin string) (string, error) {
	name := databaseName(time.Now())
	// Unlike template1, template0 is certainly empty, and has no connections.
	if err := execute(ctx, admin, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", fmt.Errorf("pgtest: create database: %w", err)
	}
	return name, nil
}

func dropDatabase(ctx context.Context, admin, name string) error {
	if err := execute(ctx, admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("pgtest: drop database: %w", err)
	}
	return nil
}

// dropAbandoned drops the databases of test binaries that were killed. A database
// that cannot be dropped is left alone: it is in use, or another test binary was
// faster.
func dropAbandoned(ctx context.Context, admin string, now time.Time) error {
	names, err := databases(ctx, admin)
	if err != nil {
		return fmt.Errorf("pgtest: %s: %w", EnvServer, err)
	}
	for _, name := range names {
		if abandoned(name, now) {
			_ = execute(ctx, admin, "DROP DATABASE IF EXISTS "+name)
		}
	}
	return nil
}

func databaseName(now time.Time) string {
	return fmt.Sprintf("%s%d_%s", databasePrefix, now.Unix(), strings.ToLower(rand.Text()))
}

// abandoned reports whether name was made by databaseName, more than
// abandonedAfter ago.
func abandoned(name string, now time.Time) bool {
	rest, ours := strings.CutPrefix(name, databasePrefix)
	seconds, random, _ := strings.Cut(rest, "_")
	made, err := strconv.ParseInt(seconds, 10, 64)
	plain := strings.Trim(random, "abcdefghijklmnopqrstuvwxyz234567") == "" // the alphabet of rand.Text
	return ours && err == nil && random != "" && plain && now.Sub(time.Unix(made, 0)) > abandonedAfter
}

// withDatabase returns a DSN, given as URL or as keywords, with the name of
// another database in it.
func withDatabase(dsn, name string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " dbname=" + name, nil // the last one counts
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errDSN
	}
	u.Path = "/" + name
	if query := u.Query(); query.Has("dbname") { // it would take precedence over the path
		query.Del("dbname")
		u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // pgx does not read + as a space
	}
	return u.String(), nil
}

func execute(ctx context.Context, dsn, statement string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(discreet(err), db.Close())
}

func databases(ctx context.Context, dsn string) (names []string, err error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// One value instead of rows: there is less to close.
	var joined string
	err = db.QueryRowContext(ctx, `SELECT coalesce(string_agg(datname, ' '), '') FROM pg_database
		WHERE starts_with(datname, $1)`, databasePrefix).Scan(&joined)
	return strings.Fields(joined), discreet(err)
}

var errDSN = errors.New("pgtest: the DSN cannot be read: expected postgres://user:password@host:port/database or host=… user=… password=… dbname=…")

// discreet returns errDSN for the driver's error about a DSN that it cannot read,
// because that error may quote the password.
func discreet(err error) error {
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return errDSN
	}
	return err
}
