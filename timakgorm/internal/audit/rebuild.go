package audit

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/relay"
)

const (
	// rounds is how often timelines are mended before what remains is reported. A
	// damaged one takes two, and so does one full of items that no row has.
	rounds = 4
	// drainTurns is how often the outbox is drained before rows that still wait in it
	// are given up.
	drainTurns = 12
)

// mend mends timelines. Rows are recorded before anything is removed: an item
// that has the wrong source is never gone in between.
func (v *verification) mend(ctx context.Context, found []*finding) error {
	if err := v.salvage(ctx, found); err != nil {
		return err
	}
	for t, rows := range v.toRecord(found) {
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

// salvage mends what cannot be read. The horizon rises by that: what is missing
// is for the next round.
func (v *verification) salvage(ctx context.Context, found []*finding) error {
	for _, f := range found {
		if f.damaged {
			if _, err := v.audit.timelines.Salvage(ctx, f.key); err != nil {
				return err
			}
		}
	}
	return nil
}

// toRecord returns the rows to record anew, by table and key, with the floors of
// their versions. The put has a version above that, and so above all that the
// timeline has seen, which may be ahead of the database's clock.
func (v *verification) toRecord(found []*finding) map[*dialect.Table]map[string]int64 {
	forced := map[*dialect.Table]map[string]int64{}
	for _, f := range found {
		for _, s := range f.suspects {
			if f.damaged || !v.recordable(s) {
				continue
			}
			if forced[s.table] == nil {
				forced[s.table] = map[string]int64{}
			}
			rows := forced[s.table]
			rows[s.row] = max(rows[s.row], min(s.version, timak.MaxVersion-2)+1)
		}
	}
	return forced
}

// recordRows records rows of one table anew and delivers them. It notes which of
// them no timeline takes.
func (v *verification) recordRows(ctx context.Context, t *dialect.Table, floors map[string]int64) error {
	o, err := v.audit.relay.Outbox()
	if err != nil {
		return err
	}
	last, err := o.LastID(ctx)
	if err != nil {
		return err
	}
	if err := v.audit.recordRows(ctx, t, floors); err != nil {
		return err
	}
	if err := v.audit.deliverRows(ctx, t, floors); err != nil {
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

// deliverRows drains the outbox until no change of the rows waits there, or for as
// long as that may take.
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
		if turn > 0 { // those that are left were put off
			a.relay.Rest(ctx, relay.Spread(time.Second), nil)
		}
		if err := a.relay.DrainTurn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// recordable reports whether recording a suspect's row anew may mend it. A row
// that no timeline has taken in this run will not be taken later in it.
func (v *verification) recordable(s *suspect) bool {
	return s.table != nil && s.kind != Extra && !s.unsettled && !s.ahead && !v.died[deadRow{s.table, s.pk}]
}

// mendable reports whether there is something to try.
func (v *verification) mendable(f *finding) bool {
	return f.damaged || slices.ContainsFunc(f.suspects, func(s *suspect) bool {
		return s.unsettled || s.kind == Extra || v.recordable(s)
	})
}

// unsettled reports whether a suspect is.
func (f *finding) unsettled() bool {
	return slices.ContainsFunc(f.suspects, func(s *suspect) bool { return s.unsettled })
}

// removeExtras removes what no row had when it was judged, with the version
// that it had then. A row that has come since, or comes now, puts its item with
// a higher one: what a relay wrote, the clock exceeds, and it is brought above
// what others wrote, unless that is too far ahead. Only between these two may a
// row have drawn a version too low, which counts for nothing with or without the
// removal; the next round finds it missing, or the next Verify.
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
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(atOnce)
	for f, ops := range removals {
		workers.Go(func() error {
			_, err := a.writerOf(f.contents).Apply(ctx, f.key, ops...)
			if errors.Is(err, timak.ErrCorrupt) {
				return nil // since a moment; the next round finds it
			}
			return err
		})
	}
	return workers.Wait()
}

// deadRow is a row that was recorded anew and that no timeline took: its primary key
// as the outbox has it.
type deadRow struct {
	table *dialect.Table
	pk    string
}

// exceed makes every version from now on higher than one.
func (a *Audit) exceed(ctx context.Context, version int64) error {
	o, err := a.relay.Outbox()
	if err != nil {
		return err
	}
	return o.Exceed(ctx, version)
}
