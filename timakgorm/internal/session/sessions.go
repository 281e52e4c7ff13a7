package session

import (
	"context"
	"database/sql"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// Sessions is what this process knows of the sessions in which its statements
// run: what a table's name means there, which schema they see, and what they
// commit. All methods may be called from any number of goroutines.
type Sessions struct {
	tables *dialect.Tables
	opts   Options

	Schema Schema
	homes  homes
	strays strays
	drawn  atomic.Int64 // an id in the outbox: later transactions get greater ones
}

// Options are what Sessions needs of the plugin.
type Options struct {
	// DB returns the connection pool, or an error if the plugin has none.
	DB func() (*sql.DB, error)

	// Views says that writes through a view count as writes of what it reads,
	// because there are no triggers to see them.
	Views bool

	// Wake makes the relay look at the outbox after a commit. It never blocks.
	Wake func()

	// Deliver makes changes readable, given their ids in the outbox, before their
	// commit returns. nil leaves them to the relay.
	Deliver func(ctx context.Context, ids []int64)

	// Unseen says that a transaction may have recorded changes without being
	// marked as dirty.
	Unseen bool

	Log *slog.Logger
}

// New returns Sessions that know nothing yet.
func New(tables *dialect.Tables, opts Options) *Sessions {
	s := &Sessions{tables: tables, opts: opts}
	s.strays.told.Interval = time.Minute
	s.Schema.number.Add(1) // the first
	return s
}
