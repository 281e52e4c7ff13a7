package watchers

import (
	"context"
	"database/sql"
	"fmt"
)

// look asks SQLite from time to time, on one connection, whether others have written the
// file, until ctx ends or that fails. Then any timeline may have changed. A pool of one
// connection has none to keep for that.
func (ws *Watchers) look(ctx context.Context, began func()) error {
	db, err := ws.opts.DB()
	if err != nil {
		return err
	}
	if db.Stats().MaxOpenConnections == 1 {
		return ws.guess(ctx, began)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("timakgorm: watch: %w", err)
	}
	defer func() { _ = conn.Close() }()
	return ws.lookOn(ctx, conn, began)
}

func (ws *Watchers) lookOn(ctx context.Context, conn *sql.Conn, began func()) error {
	var last int64
	for first := true; ; first = false {
		var now int64
		if err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&now); err != nil {
			return fmt.Errorf("timakgorm: watch: %w", err)
		}
		switch {
		case first:
			began()
		case now != last:
			ws.tellAll()
		}
		last = now
		rest(ctx, ws.opts.Poll)
	}
}

// guess takes it from time to time that any timeline may have changed.
func (ws *Watchers) guess(ctx context.Context, began func()) error {
	for ctx.Err() == nil {
		began()
		rest(ctx, ws.opts.Poll)
	}
	return ctx.Err()
}
