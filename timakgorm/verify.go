package timakgorm

import (
	"context"
	"errors"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/audit"
	"github.com/timak-go/timak/timakgorm/internal/fault"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// VerifyOptions say what Verify compares. The zero VerifyOptions mean every
// timeline of every rule.
type VerifyOptions struct {
	// Models are the registered models, as pointers to their structs, whose rules
	// give the keys. Each timeline is compared with all models that share it.
	// Defaults to all models.
	Models []any

	// Keys are the timelines to compare, instead of those that the tables give.
	Keys []string

	// Sample compares one in this many timelines, chosen at random. Defaults to
	// 1: all of them.
	Sample int

	// Repair repairs what is found, as Rebuild does.
	Repair bool

	// Progress is called with how far the run is, about a hundred times for each
	// ten thousand timelines, and for each million rows; never twice at once.
	Progress func(Progress)

	// From is Report.From or Progress.From of an earlier run of Verify or Rebuild
	// with the same Models, Keys and Sample: this run continues where that one
	// ended. Any other value is ErrFrom. Defaults to the beginning.
	From string

	// Limit is how many differences the report keeps; it counts them all.
	// Defaults to 100; a negative Limit keeps none.
	Limit int
}

// Verify compares timelines with the tables that their rules name. It may run
// beside writers and relays, for as long as it takes: what changes meanwhile is
// no difference, and each difference is confirmed before it is reported. While
// changes wait in the outbox, their items are only Unsettled, so a relay should
// run, or Drain come first. What a dead letter has not changed is a difference
// like any other.
//
// A row that a rule wants and cannot place is Unplaceable, and stops nothing. If
// its key cannot be read, it belongs to no timeline: it is found where the tables
// give the keys, whatever the Sample, and not where Keys does.
//
// The keys are those of the rows that exist, including soft-deleted rows and rows
// whose condition is false. A key that its last row has left is in no table any
// more: name it in Keys to have its timeline compared.
//
// Verify reads each timeline once and its rows with one query per table, so the
// columns of keys need an index. It holds no more rows in memory than a hundred
// timelines have items. Without Repair nothing is written. With an error,
// including that of ctx, it returns what was found until then, and From to
// continue from.
func (p *Plugin) Verify(ctx context.Context, opts VerifyOptions) (Report, error) {
	return p.audited(ctx, "verify", true, audit.Options{
		Models: modelsOf(opts.Models), Keys: opts.Keys, Sample: opts.Sample, Repair: opts.Repair,
		Progress: progressOf(opts.Progress), From: opts.From, Limit: opts.Limit,
	})
}

// audited runs an audit and adds the name of the operation to its error. With takeOver a
// repair goes on though another program uses another store.
func (p *Plugin) audited(ctx context.Context, name string, takeOver bool, opts audit.Options) (Report, error) {
	if p.db == nil {
		return Report{}, fault.Named(name, errNotInUse)
	}
	if !opts.Repair {
		return p.compared(ctx, name, opts)
	}
	repair, err := p.relay.BeginRepair(ctx, takeOver)
	if err != nil {
		return Report{From: opts.From}, fault.Named(name, err)
	}
	report, err := p.compared(ctx, name, opts)
	everything := err == nil && len(opts.Models)+len(opts.Keys) == 0 && opts.From == "" && opts.Sample <= 1
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endPatience)
	defer cancel()
	if doubt := repair.End(ending, everything && madeGood(report)); doubt != nil {
		report.From = opts.From // as it is not sure that the store holds what is before
		err = errors.Join(err, fault.Named(name, doubt))
	}
	return report, err
}

// endPatience is how long a repair whose context has ended waits for the store's word that
// it holds what was repaired.
const endPatience = 10 * time.Second

// compared runs an audit without a look at the store's marks.
func (p *Plugin) compared(ctx context.Context, name string, opts audit.Options) (Report, error) {
	report, err := p.audit.Verify(ctx, opts)
	return reportOf(report), fault.Named(name, outbox.Explain(err))
}

// modelsOf returns the values of models, some of which may have been made by
// Track.
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
