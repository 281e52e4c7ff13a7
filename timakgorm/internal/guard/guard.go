package guard

import (
	"log/slog"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/session"
)

// Guard checks statements before they run, with either capture: it refuses writes
// that timelines cannot follow, or logs them. Its methods may be called from any
// number of goroutines.
type Guard struct {
	tables   *dialect.Tables
	sessions *session.Sessions
	opts     Options
	parents  session.Facts[string] // by the name of a partition or view, its tracked table
}

// New returns a guard of the tables ts.
func New(ts *dialect.Tables, sessions *session.Sessions, opts Options) *Guard {
	return &Guard{tables: ts, sessions: sessions, opts: opts}
}

// Options are the plugin's options that a guard needs.
type Options struct {
	Callbacks bool // changes are captured by callbacks
	Warn      bool // raw SQL is logged and not refused
	Log       *slog.Logger
}
