package guard

import (
	"log/slog"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/session"
)

// Guard looks at statements before they run, however changes are captured: it refuses
// those that nobody can follow, or tells the log of them. Its methods may be called
// from any number of goroutines.
type Guard struct {
	tables   *dialect.Tables
	sessions *session.Sessions
	opts     Options
	parents  session.Facts[string] // the tracked tables that other tables are a part or a view of
}

// New returns a guard of some tables.
func New(ts *dialect.Tables, sessions *session.Sessions, opts Options) *Guard {
	return &Guard{tables: ts, sessions: sessions, opts: opts}
}

// Options are what a guard needs of the plugin.
type Options struct {
	Callbacks bool // changes are captured by callbacks
	Warn      bool // raw SQL is let pass with a warning
	Log       *slog.Logger
}
