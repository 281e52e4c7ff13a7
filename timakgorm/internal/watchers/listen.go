package watchers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// errDeaf says why a process cannot listen on Postgres.
var errDeaf = errors.New("it takes a connection of pgx, to a server that is not a standby")

// longestSilence is how long a process waits for a note. Then it asks the server whether the
// connection still stands, and takes it that any timeline may have changed: by a relay of an
// earlier release, or behind a pooler that has dropped the note.
const longestSilence = time.Minute

// patience is how long the server may take to answer then.
const patience = 10 * time.Second

// listen listens for notes on Postgres until ctx ends or it fails. It calls began when notes
// come from now on. The connection is none of the pool's, which may have none to spare, and
// would go on listening there.
func (ws *Watchers) listen(ctx context.Context, began func()) error {
	config, err := ws.address(ctx)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("timakgorm: watch: %w", err)
	}
	defer closeSoon(conn)
	if err := begin(ctx, conn); err != nil {
		return err
	}
	began()
	for ctx.Err() == nil {
		if err := ws.await(ctx, conn); err != nil {
			return fmt.Errorf("timakgorm: watch: %w", err)
		}
	}
	return ctx.Err()
}

// address returns how the pool reaches the server.
func (ws *Watchers) address(ctx context.Context) (config *pgx.ConnConfig, err error) {
	db, err := ws.opts.DB()
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: watch: %w", err)
	}
	defer func() { _ = conn.Close() }()
	err = errDeaf
	_ = conn.Raw(func(raw any) error {
		if of, is := raw.(*stdlib.Conn); is {
			config, err = of.Conn().Config(), nil
			config.OnNotification = nil // it is that of the other connection
		}
		return nil
	})
	return config, err
}

func closeSoon(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// begin has a connection listen, however long it is idle.
func begin(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'")
	if err == nil {
		_, err = conn.Exec(ctx, "LISTEN "+outbox.Channel)
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == readOnly {
		return errDeaf
	}
	if err != nil {
		return fmt.Errorf("timakgorm: watch: %w", err)
	}
	return nil
}

// readOnly is the SQLSTATE of a statement that a standby does not run.
const readOnly = "25006"

// await waits for a note, and tells of it.
func (ws *Watchers) await(ctx context.Context, conn *pgx.Conn) error {
	waiting, cancel := context.WithTimeout(ctx, ws.silence)
	defer cancel()
	note, err := conn.WaitForNotification(waiting)
	switch {
	case err == nil:
		ws.tellOf(note.Payload)
		return nil
	case waiting.Err() == nil || ctx.Err() != nil:
		return err
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := conn.Ping(asking); err != nil {
		return err
	}
	ws.tellAll()
	return nil
}
