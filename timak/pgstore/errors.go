package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/timak-go/timak/timak/driver"
)

var (
	// ErrMisconfigured is returned while Postgres refuses what the store needs: the
	// table is missing, or the role lacks a right. It is also a
	// driver.ErrUnavailable: the same call works once that is put right.
	ErrMisconfigured = fmt.Errorf("postgres is not set up for timelines: call pgstore.Migrate with the same options, "+
		"and grant the role SELECT, INSERT and UPDATE on the table: %w", driver.ErrUnavailable)

	// ErrKey is returned for a key of more than MaxKeyLen bytes.
	ErrKey = fmt.Errorf("expected a key of at most %d bytes", MaxKeyLen)

	// ErrDamaged is returned for a row that Put cannot have written. It is also a
	// driver.ErrUnavailable: what cannot be read now can be read once the row is
	// repaired, or deleted and its timeline rebuilt.
	ErrDamaged = fmt.Errorf("row was changed by something other than timak: delete it and rebuild the timeline: %w", driver.ErrUnavailable)
)

// errDSN stands for pgx's error, which may quote the password.
var errDSN = errors.New("the DSN cannot be read: expected postgres://user:password@host:port/database " +
	"or host=… user=… password=… dbname=…")

// errTimeout is the cause when Options.Timeout ends a call.
var errTimeout = errors.New("no answer in time")

// The SQLSTATEs by which Postgres says what is wrong. A code of two characters is a
// class.
var (
	tooLarge      = []string{"54000"}                // program_limit_exceeded
	misconfigured = []string{"28", "3D", "3F", "42"} // authorization, database, schema, missing names and rights
	rolledBack    = []string{"40001", "40P01"}       // serialization_failure, deadlock_detected
)

// explain returns the error of a call as one that callers can branch on. ctx is the
// caller's own context.
func explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, driver.ErrClosed), errors.Is(err, driver.ErrToken), errors.Is(err, driver.ErrTooLarge),
		errors.Is(err, driver.ErrUnavailable), errors.Is(err, ErrKey):
		return err
	case ctx.Err() != nil:
		return ended(ctx)
	case errors.Is(err, puddle.ErrClosedPool):
		return driver.ErrClosed
	}
	switch code := sqlState(err); {
	case isOneOf(code, tooLarge):
		return fmt.Errorf("%w: %w", driver.ErrTooLarge, err)
	case isOneOf(code, misconfigured):
		return fmt.Errorf("%w: %w", ErrMisconfigured, err)
	default:
		return unavailable(err)
	}
}

// explainMigrate is explain for Migrate, which must not be told to call Migrate.
func explainMigrate(ctx context.Context, err error) error {
	if ctx.Err() == nil && isOneOf(sqlState(err), misconfigured) {
		return fmt.Errorf("postgres refuses it: expected a database and a schema that exist, "+
			"and a role that may connect and create tables: %w", err)
	}
	return explain(ctx, err)
}

// ended returns the error of a context that has ended, with the cause that its owner
// gave.
func ended(ctx context.Context) error {
	err, why := ctx.Err(), context.Cause(ctx)
	if errors.Is(why, err) {
		return why
	}
	return fmt.Errorf("%w: %w", err, why)
}

// unavailable wraps what Postgres or the network reported. A call that took too long
// looks like a context's error, but the caller's context has not ended.
func unavailable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: %s", driver.ErrUnavailable, err.Error())
	}
	return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
}

// sqlState returns the code of an error of Postgres, or "".
func sqlState(err error) string {
	if fromServer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fromServer.Code
	}
	return ""
}

func isOneOf(code string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(code, prefix) {
			return true
		}
	}
	return false
}
