package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

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
