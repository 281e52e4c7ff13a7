package timakgorm

import (
	"errors"

	"github.com/timak-go/timak/timakgorm/internal/audit"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/statement"
	"github.com/timak-go/timak/timakgorm/internal/triggers"
	"github.com/timak-go/timak/timakgorm/internal/watchers"
)

// ErrUncaptured is returned, wrapped with what to do instead, for a write whose
// rows cannot be known, so that its timelines could not follow. The write has not
// taken place.
var ErrUncaptured = statement.ErrUncaptured

// ErrTriggers is returned, wrapped with the table and what to do, by Run and by
// writes to a tracked table whose triggers do not match Options.Capture. With
// Triggers they are missing or outdated. With Callbacks they are present, and
// each change would be recorded twice. The write has not taken place, unless it
// ran outside of a transaction while the table was changed: then the error says
// so.
var ErrTriggers = triggers.ErrWrong

// ErrFrom is returned by Verify and Rebuild for a From that none of their runs
// over the same models, keys and sample has returned.
var ErrFrom = audit.ErrFrom

// ErrNoDeadLetter is returned, wrapped with the id, by Retry and Discard for a
// dead letter that does not exist, or no longer exists.
var ErrNoDeadLetter = outbox.ErrNoDeadLetter

// ErrWatches is returned by Watch when Options.Watches are open.
var ErrWatches = watchers.ErrTooMany

// errNotInUse is returned where a database is needed.
var errNotInUse = errors.New("timakgorm: the plugin is not in use: call db.Use(plugin) first")
