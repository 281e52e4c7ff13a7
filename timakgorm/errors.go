package timakgorm

import (
	"errors"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/audit"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/statement"
	"github.com/timak-go/timak/timakgorm/internal/triggers"
)

// ErrUncaptured is returned, wrapped with what to do instead, for a write whose
// rows cannot be known, so that its timelines could not follow. The write has
// not taken place.
var ErrUncaptured = statement.ErrUncaptured

// ErrTriggers is returned, wrapped with the table and the way out, by Run and by
// writes to a tracked table whose triggers are not what Options.Capture asks
// for: missing or outdated with Triggers, present with Callbacks, as each change
// would be recorded twice. The write has not taken place, unless the table has
// changed while it was under way outside of any transaction: the error says so.
var ErrTriggers = triggers.ErrWrong

// ErrFrom is returned by Verify and Rebuild for a From that no run of theirs
// over the same models, keys and sample has given.
var ErrFrom = audit.ErrFrom

// ErrNoDeadLetter is returned, wrapped with the id, by Retry and Discard for a
// dead letter that is not there, or no more.
var ErrNoDeadLetter = outbox.ErrNoDeadLetter

// errNotInUse is returned by what needs a database.
var errNotInUse = errors.New("timakgorm: the plugin is not in use: call db.Use(plugin) first")

// named returns an error with the name of what has failed. Each error begins with
// the package's name, and says it once.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return &namedError{name, err}
}

type namedError struct {
	name string
	err  error
}

// Error implements error.
func (e *namedError) Error() string {
	return "timakgorm: " + e.name + ": " + strings.TrimPrefix(e.err.Error(), "timakgorm: ")
}

// Unwrap returns the error without the name.
func (e *namedError) Unwrap() error { return e.err }
