package shards

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Shards are those of one outbox, as one program sees them. Its methods may be called from
// any number of goroutines.
type Shards struct {
	opts Options
	pids pids
}

// Options are what the shards need to know. All are required.
type Options struct {
	DB      func() (*sql.DB, error) // the pool; an error if the plugin is not in use
	Dialect dialect.Dialect
	Poll    time.Duration // the time between two looks at the outbox
	Log     *slog.Logger
}

// New returns the shards of an outbox.
func New(opts Options) *Shards { return &Shards{opts: opts} }

// NotForeign returns the shards that no other program's relay holds; nil means all.
func (s *Shards) NotForeign(ctx context.Context) ([]int32, error) {
	if !s.opts.Dialect.Lock {
		return nil, nil
	}
	db, err := s.opts.DB()
	if err != nil {
		return nil, err
	}
	l, err := lookAtLocks(ctx, db, s.pids.all()...)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: shards: %w", err)
	}
	if len(l.foreign) == 0 {
		return nil, nil
	}
	return outbox.Selection{Shards: l.foreign}.Others().Shards, nil
}
