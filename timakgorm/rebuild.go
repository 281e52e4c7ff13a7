package timakgorm

import (
	"context"
	"errors"

	"github.com/timak-go/timak/timakgorm/internal/audit"
	"github.com/timak-go/timak/timakgorm/internal/fault"
)

// RebuildOptions say what Rebuild repairs. The zero RebuildOptions mean every
// timeline of every rule.
type RebuildOptions struct {
	// Models, Keys, Progress, From and Limit are those of VerifyOptions.
	Models   []any
	Keys     []string
	Progress func(Progress)
	From     string
	Limit    int
}

// Rebuild makes timelines agree with the tables. It may run beside writers,
// relays and readers, and never removes what is right: it compares as Verify
// does, and changes only what differs.
//
// If an item is missing, misplaced or stale, Rebuild records its row in the
// outbox again, as the row is then, and drains the outbox. The row is locked
// against writers while its version is drawn. So a concurrent delete comes
// before, and nothing is recorded, or after, with a higher version. Rebuild
// removes an item that no row has with exactly the version that it was seen with:
// a row that appears meanwhile puts the item with a higher one. A damaged
// timeline is salvaged (Timelines.Salvage) and then filled. Items that fell off
// the end, and have room again because others were removed, come back, and count as
// found. A timeline that lacks rows for which there is no room learns that, so that
// Page goes on in the tables.
//
// Like Drain, Rebuild needs no relay. If it ends early, the relay delivers the
// rows that were recorded and not yet delivered. With an error, including that of
// ctx, it returns what was found until then, and From to continue from; starting
// again does no harm.
//
// Report.Remaining counts what could not be repaired:
//
//   - rows that are Unplaceable, which Rebuild does not try
//   - rows that others kept locked
//   - rows that the store refuses, such as those of a timeline too large for it;
//     each has a dead letter, which replaces earlier ones that say the same
//   - entries whose versions are more than a day ahead of the clock, as
//     Difference.Reason says
//
// Only a broken clock or program writes such versions. Rebuild does not exceed
// them, because every later change of any row would have to exceed them too. It
// removes an item that no row has whatever its version; a row that comes for it
// later stays off that timeline, and is reported. To repair both, remove the
// timeline from the store and rebuild it.
//
// Rebuild of everything makes good what the store has lost before, if nothing but
// unplaceable rows remains: then Stats.Lost is 0 again. A run with Models, Keys or
// From is not of everything. If the store restarts or loses data during the run, Rebuild
// returns an error, and is to be run again, from the same place: Report.From is
// RebuildOptions.From then. If another program relays to another store, that one applies
// no more changes from now on.
func (p *Plugin) Rebuild(ctx context.Context, opts RebuildOptions) (Report, error) {
	return p.rebuild(ctx, true, opts)
}

func (p *Plugin) rebuild(ctx context.Context, takeOver bool, opts RebuildOptions) (Report, error) {
	return p.audited(ctx, "rebuild", takeOver, audit.Options{
		Models: modelsOf(opts.Models), Keys: opts.Keys, Repair: true,
		Progress: progressOf(opts.Progress), From: opts.From, Limit: opts.Limit,
	})
}

// rebuilder returns what rebuilds everything after a loss; nil if a person does.
func (p *Plugin) rebuilder() func(context.Context) error {
	if !p.opts.RebuildAfterLoss {
		return nil
	}
	return func(ctx context.Context) error {
		report, err := p.rebuild(ctx, false, RebuildOptions{})
		if err == nil && !madeGood(report) {
			err = errors.New("some differences remain")
		}
		return err
	}
}

// madeGood reports whether a rebuild of everything has made good what the store had
// lost. What is Unsettled has a change in the outbox, which brings the item as it is now.
func madeGood(r Report) bool { return r.Remaining <= r.Unplaceable }

// AcceptStore declares that the store holds all timelines, though it does not have the
// marks that the relay has set: because they were copied to it from another one. Then
// Stats.Lost is 0, without a Rebuild. What the store lacks stays missing until then. If
// another program relays to another store, that one applies no more changes from now on.
func (p *Plugin) AcceptStore(ctx context.Context) error {
	if p.db == nil {
		return fault.Named("accept store", errNotInUse)
	}
	repair, err := p.relay.BeginRepair(ctx, true)
	if err == nil {
		err = repair.End(ctx, true)
	}
	return fault.Named("accept store", err)
}
