package timakgorm

import (
	"time"

	"github.com/timak-go/timak/timakgorm/internal/audit"
)

// Progress says how far a run of Verify or Rebuild has come, that of which it is
// the continuation included, but for the times.
type Progress struct {
	// Keys is how many timelines are done.
	Keys int

	// Rows is how many rows those and the ones under way have been compared
	// with; a row counts once for each timeline that its key columns name. All
	// is about how many it will be in the end, as they were counted at the
	// beginning.
	Rows, All int64

	// Differences is how many were found.
	Differences int

	// Elapsed is the time since the run began, and Rate the rows a second.
	Elapsed time.Duration
	Rate    float64

	// From is the token to go on from, if the run ends here. Empty before the
	// first timelines are done.
	From string
}

// progressOf has an audit tell its progress as the user reads it; nil tells nobody.
func progressOf(tell func(Progress)) func(audit.Progress) {
	if tell == nil {
		return nil
	}
	return func(p audit.Progress) { tell(Progress(p)) }
}
