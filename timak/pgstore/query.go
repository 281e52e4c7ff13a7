package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/timak-go/timak/timak/driver"
)

// query runs a statement that returns a row at most. One that was rolled back
// because of others, as happens when the database's default isolation is stricter
// than usual, is repeated: it has done nothing.
func (s *Store) query(ctx context.Context, scan func(pgx.Rows) error, sql string, args ...any) error {
	return s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		for {
			err := queryRow(ctx, conn, scan, sql, args)
			if !isOneOf(sqlState(err), rolledBack) {
				return err
			}
		}
	})
}

// queryRow calls scan with the one row that a statement returns, or returns
// pgx.ErrNoRows.
func queryRow(ctx context.Context, conn *pgxpool.Conn, scan func(pgx.Rows) error, sql string, args []any) error {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := scan(rows); err != nil {
		return err
	}
	rows.Close() // the statement is done, and committed, when all is read
	return rows.Err()
}

// withConn calls do with a connection, for Options.Timeout at most.
func (s *Store) withConn(ctx context.Context, do func(context.Context, *pgxpool.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return driver.ErrClosed
	}
	limited, cancel := context.WithTimeoutCause(ctx, s.timeout, errTimeout)
	defer cancel()
	conn, err := s.pool.Acquire(limited)
	if err != nil {
		return s.late(limited, "no free connection", err)
	}
	defer conn.Release()
	return s.late(limited, "no answer", do(limited, conn))
}

// late returns err, or what was missing if the store's own time limit has ended the
// call.
func (s *Store) late(limited context.Context, missing string, err error) error {
	if err == nil || !errors.Is(context.Cause(limited), errTimeout) {
		return err
	}
	stat := s.pool.Stat()
	return fmt.Errorf("%w: %s within %v (connections in use: %d of %d): %s",
		driver.ErrUnavailable, missing, s.timeout, stat.AcquiredConns(), stat.MaxConns(), err.Error())
}
