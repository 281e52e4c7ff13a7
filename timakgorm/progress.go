package timakgorm

import (
	"time"

	"github.com/timak-go/timak/timakgorm/internal/audit"
)

// Progress says how far a run of Verify or Rebuild has come. A run that continues
// earlier ones includes them in everything but the times.
type Progress struct {
	// Keys is how many timelines are done.
	Keys int

	// Rows is how many rows the timelines that are done or under way have been
	// compared with; a row counts once for each timeline that its key columns
	// name. All is about how many it will be in the end, as counted at the
	// beginning.
	Rows, All int64

	// Differences is how many were found.
	Differences int

	// Elapsed is the time since the run began. Rate is in rows per second.
	Elapsed time.Duration
	Rate    float64

	// From is the token to continue from if the run ends here. It is empty until
	// the first timelines are done.
	From string
}

// progressOf makes an audit report its progress to tell. It returns nil for nil.
func progressOf(tell func(Progress)) func(audit.Progress) {
	if tell == nil {
		return nil
	}
	return func(p audit.Progress) { tell(Progress(p)) }
}
