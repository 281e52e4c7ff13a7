package timakgorm

import (
	"context"

	"github.com/timak-go/timak/timakgorm/internal/audit"
)

// RebuildOptions say what Rebuild mends. The zero RebuildOptions mean every
// timeline of every rule.
type RebuildOptions struct {
	// Models, Keys, Progress, From and Limit are as those of VerifyOptions.
	Models   []any
	Keys     []string
	Progress func(Progress)
	From     string
	Limit    int
}

// Rebuild makes timelines as the tables say, beside writers, relays and readers
// and without ever taking away what is right: it compares as Verify does, and
// changes nothing but what is different.
//
// The row of an item that is missing, misplaced or stale is recorded in the
// outbox anew, as it is then, and the outbox is drained. Since the row is
// locked against writers while its version is drawn, a delete that is under way
// comes before, and nothing is recorded, or after, with a higher version. An
// item that no row has is removed with the very version that it was seen with:
// a row that comes meanwhile puts it with a higher one. A damaged timeline is
// salvaged (Timelines.Salvage) and then filled. Items that fell off the end, and
// have room again since others were removed, come back.
//
// It needs a relay no more than Drain does. Rows that were recorded and not yet
// delivered when it ends early are the relay's. Beside an error, that of ctx
// included, it returns what was found until then, and From to go on from;
// beginning again does no harm.
//
// Report.Remaining says what could not be mended. It is of rows that are
// Unplaceable, which Rebuild does not try; of rows that others kept locked; of
// rows that the store does not take, such as those of a timeline too large for it,
// for each of which there is a dead letter, in place of earlier ones that say the
// same; and of entries whose versions are more than a day ahead of the clock, as
// Difference.Reason says. Only a broken clock or program writes those, and Rebuild
// does not follow them, as every later change of any row would have to exceed
// them. An item of no row is removed whatever its version; a row that comes for it
// later stays off that timeline, and is reported. Both come right when the
// timeline has been removed from the store and is rebuilt.
func (p *Plugin) Rebuild(ctx context.Context, opts RebuildOptions) (Report, error) {
	return p.audited(ctx, "rebuild", audit.Options{
		Models: modelsOf(opts.Models), Keys: opts.Keys, Repair: true,
		Progress: progressOf(opts.Progress), From: opts.From, Limit: opts.Limit,
	})
}
