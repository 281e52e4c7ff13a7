package audit

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/relay"
)

// rounds is how often timelines are repaired before the remaining differences are
// reported. A damaged timeline takes two rounds, and so does one full of items that
// no row has.
const rounds = 4

// mend repairs timelines. Rows are recorded before anything is removed, so that an item
// with a wrong source is never gone in between.
func (v *verification) mend(ctx context.Context, found []*finding) error {
	if err := v.salvage(ctx, found); err != nil {
		return err
	}
	forced, high := v.toRecord(found)
	if high > 0 {
		if err := v.audit.exceed(ctx, high); err != nil {
			return err
		}
	}
	for t, rows := range forced {
		if err := v.recordRows(ctx, t, rows); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(found, (*finding).unsettled) {
		if err := v.audit.relay.DrainTurn(ctx); err != nil {
			return err
		}
	}
	return v.audit.removeExtras(ctx, found)
}

// salvage repairs timelines that cannot be read in full. That raises the horizon, so
// the next round puts back what is missing.
func (v *verification) salvage(ctx context.Context, found []*finding) error {
	for _, f := range found {
		if f.damaged {
			if _, err := v.audit.timelines.Salvage(ctx, f.key); err != nil {
				return err
			}
			v.audit.relay.Tell(ctx, f.key)
		}
	}
	return nil
}

// toRecord returns the rows to record anew, by table and key, each with the least version
// that its put may have: above all that the timeline has seen, even if that is ahead of the
// database's clock. A row that an audience has on a timeline stays as it
// is: the subscription is recorded, and the relay copies its source with versions that it
// draws then. So the clock must exceed high first.
func (v *verification) toRecord(found []*finding) (forced map[*dialect.Table]map[string]int64, high int64) {
	forced = map[*dialect.Table]map[string]int64{}
	for _, f := range found {
		for _, s := range f.suspects {
			if f.damaged || !v.recordable(s) {
				continue
			}
			row := audience.Row{Table: s.table, Key: s.row}
			if s.audience != "" {
				subscribed, found := f.subscription(s)
				if !found {
					continue
				}
				if subscribed.Table != nil { // no function
					row, high = subscribed, max(high, s.version)
				}
			}
			if forced[row.Table] == nil {
				forced[row.Table] = map[string]int64{}
			}
			rows := forced[row.Table]
			rows[row.Key] = max(rows[row.Key], min(s.version, timak.MaxVersion-2)+1)
		}
	}
	return forced, high
}

// recordRows records rows of one table anew and delivers them. It notes those that
// became dead letters.
func (v *verification) recordRows(ctx context.Context, t *dialect.Table, versions map[string]int64) error {
	o, err := v.audit.relay.Outbox()
	if err != nil {
		return err
	}
	last, err := o.LastID(ctx)
	if err != nil {
		return err
	}
	if err := v.audit.recordRows(ctx, t, versions); err != nil {
		return err
	}
	if err := v.audit.deliverRows(ctx, t, versions); err != nil {
		return err
	}
	died, err := o.DiedSince(ctx, t, last)
	if err != nil || len(died) == 0 {
		return err
	}
	for _, pk := range died {
		v.died[deadRow{t, pk}] = true
	}
	return o.ForgetRepeats(ctx, t, died)
}

// drainTurns is how often a run drains the outbox for rows that it recorded anew.
const drainTurns = 12

// deliverRows drains the outbox until it holds no change of the rows, drainTurns times
// at most.
func (a *Audit) deliverRows(ctx context.Context, t *dialect.Table, rows map[string]int64) error {
	o, err := a.relay.Outbox()
	if err != nil {
		return err
	}
	for turn := range drainTurns {
		waits := false
		var probes []outbox.Probe
		for key := range rows {
			probes = append(probes, outbox.Probe{Table: t, Key: key, Seen: func(saw outbox.Probed) { waits = waits || saw.Pending }})
		}
		if err := o.Probe(ctx, probes); err != nil || !waits {
			return err
		}
		if turn > 0 { // the remaining changes were put off
			a.relay.Rest(ctx, relay.Spread(time.Second), nil)
		}
		if err := a.relay.DrainTurn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// recordable reports whether recording a suspect's row anew, or its subscription, may
// help. It will not for a row that became a dead letter in this run.
func (v *verification) recordable(s *suspect) bool {
	return s.table != nil && s.kind != Extra && !s.unsettled && !s.ahead && !v.died[deadRow{s.table, s.pk}]
}

// mendable reports whether a repair may help.
func (v *verification) mendable(f *finding) bool {
	return f.damaged || slices.ContainsFunc(f.suspects, func(s *suspect) bool {
		return s.unsettled || s.kind == Extra || v.recordable(s)
	})
}

// unsettled reports whether one of the suspects is unsettled.
func (f *finding) unsettled() bool {
	return slices.ContainsFunc(f.suspects, func(s *suspect) bool { return s.unsettled })
}

// removeExtras removes items that no row had when they were judged, with the versions
// that they had then. A row inserted since, or now, puts its item with a higher version:
// the clock is above what a relay has written, and is raised above what others have
// written, unless that is too far ahead. A row that drew its version before the clock
// was raised may have one that is too low, and so no effect, with or without the
// removal: the next round or the next Verify finds it missing.
func (a *Audit) removeExtras(ctx context.Context, found []*finding) error {
	removals := map[*finding][]timak.Op{}
	var high int64
	for _, f := range found {
		for _, s := range f.suspects {
			if s.kind == Extra && !s.unsettled && !f.damaged {
				removals[f] = append(removals[f], timak.RemoveEntry(s.at.ID, s.at.Source).WithVersion(s.got.Version))
				if !s.ahead {
					high = max(high, s.got.Version)
				}
			}
		}
	}
	if len(removals) == 0 {
		return nil
	}
	if err := a.exceed(ctx, high); err != nil {
		return err
	}
	workers, working := errgroup.WithContext(ctx)
	workers.SetLimit(atOnce)
	written := make(chan string, len(removals))
	for f, ops := range removals {
		workers.Go(func() error {
			_, err := a.writerOf(f.contents).Apply(working, f.key, ops...)
			if err == nil {
				written <- f.key
			}
			return damagedMeanwhile(err)
		})
	}
	err := workers.Wait()
	close(written)
	var keys []string
	for key := range written {
		keys = append(keys, key)
	}
	a.relay.Tell(ctx, keys...)
	return err
}

// damagedMeanwhile forgets that a timeline was damaged just now: the next round finds it.
func damagedMeanwhile(err error) error {
	if errors.Is(err, timak.ErrCorrupt) {
		return nil
	}
	return err
}

// deadRow is a row that was recorded anew and became a dead letter.
type deadRow struct {
	table *dialect.Table
	pk    string // as the outbox has it
}

// exceed makes every version drawn from now on higher than version.
func (a *Audit) exceed(ctx context.Context, version int64) error {
	o, err := a.relay.Outbox()
	if err != nil {
		return err
	}
	return o.Exceed(ctx, version)
}
