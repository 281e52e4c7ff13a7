package pgxlisten

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/timak-go/timak/timakgorm/internal/watchers"
)

//nolint:gochecknoinits // that is what the package is imported for
func init() { watchers.Listen = listen }

// listening is a connection that listens.
type listening struct{ conn *pgx.Conn }

// listen opens a connection to the server of another one, which is that of a driver, and has
// it listen, however long it is idle. It is none of the pool's, which may have none to spare,
// and would go on listening there.
func listen(ctx context.Context, beside any, channel string) (watchers.Listening, error) {
	of, is := beside.(*stdlib.Conn)
	if !is {
		return nil, fmt.Errorf("%w: the driver's connection is a %T, and none of pgx", watchers.ErrDeaf, beside)
	}
	config := of.Conn().Config()
	config.OnNotification = nil // it is that of the other connection
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	l := listening{conn}
	if err := l.begin(ctx, channel); err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	return l, nil
}

// readOnly is the SQLSTATE of a statement that a standby does not run.
const readOnly = "25006"

func (l listening) begin(ctx context.Context, channel string) error {
	_, err := l.conn.Exec(ctx, "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'")
	if err == nil {
		_, err = l.conn.Exec(ctx, "LISTEN "+channel)
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == readOnly {
		return fmt.Errorf("%w: %w", watchers.ErrDeaf, err)
	}
	return err
}

// Wait implements watchers.Listening.
func (l listening) Wait(ctx context.Context) (note string, err error) {
	found, err := l.conn.WaitForNotification(ctx)
	if err != nil {
		return "", err
	}
	return found.Payload, nil
}

// Ping implements watchers.Listening.
func (l listening) Ping(ctx context.Context) error { return l.conn.Ping(ctx) }

// Close implements watchers.Listening.
func (l listening) Close(ctx context.Context) error { return l.conn.Close(ctx) }
