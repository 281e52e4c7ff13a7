package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/riakstore"
)

// openPostgres opens the timelines in the database of the tables, and creates their table
// if needed. They have a pool of their own: a page never waits for a transaction.
func (s *Storage) openPostgres(ctx context.Context) (driver.Store, error) {
	dsn := s.config.Postgres.Reveal()
	if err := pgstore.Migrate(ctx, dsn, nil); err != nil {
		return nil, fmt.Errorf("create the table of the timelines: %w", err)
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("open Postgres: %w", errDSN)
	}
	config.MaxConns = maxConns
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the timelines: %w", err)
	}
	s.closers = append(s.closers, func() error { pool.Close(); return nil })
	store, err := pgstore.New(pool, nil)
	if err != nil {
		return nil, fmt.Errorf("open the timelines: %w", err)
	}
	return s.closing(store, nil)
}

// openRiak opens the timelines on a cluster. A cluster that does not answer at all
// is given up after RiakWait; the start-up check, which makes several requests,
// after twice that.
func openRiak(ctx context.Context, c Config, log *slog.Logger) (driver.Store, error) {
	limit := 2 * c.RiakWait
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %v", limit))
	defer cancel()
	store, err := riakstore.OpenContext(ctx, c.Riak, &riakstore.Options{RetryTime: c.RiakWait, Logger: log})
	switch {
	case errors.Is(err, riakstore.ErrMisconfigured):
		return nil, fmt.Errorf("open the timelines: %w", err)
	case err != nil:
		return nil, fmt.Errorf("reach Riak at %s: %w", strings.Join(c.Riak, ","), err)
	}
	return store, nil
}
