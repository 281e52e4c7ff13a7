package watchers

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// errDeaf says why a process cannot listen on Postgres. The relay keeps a connection too,
// and the application needs the rest of the pool.
var errDeaf = errors.New("it takes a connection of pgx, and a pool of at least three")

// listen listens for notes on Postgres, on a connection of its own, until ctx ends or it
// fails. It calls began when notes come from now on.
func (ws *Watchers) listen(ctx context.Context, began func()) error {
	db, err := ws.opts.DB()
	if err != nil {
		return err
	}
	if most := db.Stats().MaxOpenConnections; 0 < most && most < 3 {
		return errDeaf
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("timakgorm: watch: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := outbox.Spare(ctx, db); errors.Is(err, outbox.ErrNoSpare) {
		return fmt.Errorf("%w: %w", errDeaf, err)
	} else if err != nil {
		return fmt.Errorf("timakgorm: watch: %w", err)
	}
	var failure error
	_ = conn.Raw(func(raw any) error {
		failure = ws.listenOn(ctx, raw, began)
		if errors.Is(failure, errDeaf) {
			return nil
		}
		return driver.ErrBadConn // it must not go back to the pool, as it listens
	})
	return failure
}

func (ws *Watchers) listenOn(ctx context.Context, raw any, began func()) error {
	of, is := raw.(*stdlib.Conn)
	if !is {
		return errDeaf
	}
	conn := of.Conn()
	if _, err := conn.Exec(ctx, "LISTEN "+outbox.Channel); err != nil {
		return fmt.Errorf("timakgorm: watch: %w", err)
	}
	began()
	for {
		note, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("timakgorm: watch: %w", err)
		}
		ws.tellOf(note.Payload)
	}
}
