package timakgorm

import (
	"context"

	"github.com/timak-go/timak/timakgorm/internal/audit"
)

// VerifyOptions say what Verify looks at. The zero VerifyOptions mean every
// timeline of every rule.
type VerifyOptions struct {
	// Models are the registered models, as pointers to their structs, whose rules
	// give the keys. Each timeline is compared with all models that share it.
	// Defaults to all.
	Models []any

	// Keys are the timelines to look at, instead of those that the tables give.
	Keys []string

	// Sample has one in so many timelines looked at, by chance. Defaults to 1:
	// all of them.
	Sample int

	// Repair mends what is found, as Rebuild does.
	Repair bool

	// Progress is called with how far the run is, about a hundred times for each
	// ten thousand timelines, and each million rows; never twice at once.
	Progress func(Progress)

	// From is Report.From or Progress.From of an earlier run of Verify or Rebuild
	// with the same Models, Keys and Sample: this one goes on where it ended. Any
	// other is ErrFrom. Defaults to the beginning.
	From string

	// Limit is how many differences the report keeps; it counts them all.
	// Defaults to 100; below zero keeps none.
	Limit int
}

// Verify compares timelines with the tables that its rules name. It may run
// beside writers and relays, for as long as it takes: what changes meanwhile is
// no difference, and a difference is none before it has been confirmed. Only
// while changes wait in the outbox their items are Unsettled, so a relay should
// run, or Drain come first. That a change is among the dead letters excuses
// nothing.
//
// A row that a rule wants and cannot place is Unplaceable, and stops nothing. Those
// whose keys cannot be read belong to no timeline: they are found where the tables
// give the keys, with whatever Sample, and not where Keys does.
//
// The keys are those which the rows make that there are, the soft-deleted and
// the ones whose condition is false included. A key that was left by the last
// of its rows is in no table any more: name it in Keys to have its timeline
// compared.
//
// It reads each timeline once and its rows with one query a table, so the columns
// of keys want an index. It holds no more rows in memory than a hundred timelines have items. Without
// Repair nothing is written. Beside an error, that of ctx included, it returns
// what was found until then, and From to go on from.
func (p *Plugin) Verify(ctx context.Context, opts VerifyOptions) (Report, error) {
	return p.audited(ctx, "verify", audit.Options{
		Models: modelsOf(opts.Models), Keys: opts.Keys, Sample: opts.Sample, Repair: opts.Repair,
		Progress: progressOf(opts.Progress), From: opts.From, Limit: opts.Limit,
	})
}

// audited runs an audit, whose error it gives a name.
func (p *Plugin) audited(ctx context.Context, name string, opts audit.Options) (Report, error) {
	if p.db == nil {
		return Report{}, named(name, errNotInUse)
	}
	report, err := p.audit.Verify(ctx, opts)
	return reportOf(report), named(name, err)
}

// modelsOf returns the values of models that may have been made by Track.
func modelsOf(models []any) []any {
	values := make([]any, len(models))
	for i, value := range models {
		if tracked, ok := value.(Tracked); ok {
			value = tracked.declared.Value
		}
		values[i] = value
	}
	return values
}
