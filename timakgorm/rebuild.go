package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
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
	report, err := p.verify(ctx, VerifyOptions{
		Models: opts.Models, Keys: opts.Keys, Progress: opts.Progress, From: opts.From, Limit: opts.Limit, Repair: true,
	})
	if err != nil {
		err = fmt.Errorf("timakgorm: rebuild: %w", err)
	}
	return report, err
}

const (
	// rounds is how often timelines are mended before what remains is reported. A
	// damaged one takes two, and so does one full of items that no row has.
	rounds = 4
	// drainTime is how long Drain may take before the rows that it is for are
	// looked at again, and drainTurns how often that may find some.
	drainTime  = 5 * time.Second
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
		if err := v.p.drainTurn(ctx); err != nil {
			return err
		}
	}
	return v.p.removeExtras(ctx, found)
}

// salvage mends what cannot be read. The horizon rises by that: what is missing
// is for the next round.
func (v *verification) salvage(ctx context.Context, found []*finding) error {
	for _, f := range found {
		if f.damaged {
			if _, err := v.p.timelines.Salvage(ctx, f.key); err != nil {
				return err
			}
		}
	}
	return nil
}

// toRecord returns the rows to record anew, by table and key, with the floors of
// their versions. The put has a version above that, and so above all that the
// timeline has seen, which may be ahead of the database's clock.
func (v *verification) toRecord(found []*finding) map[*table]map[string]int64 {
	forced := map[*table]map[string]int64{}
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
func (v *verification) recordRows(ctx context.Context, t *table, floors map[string]int64) error {
	o, err := v.p.outbox()
	if err != nil {
		return err
	}
	last, err := o.lastID(ctx)
	if err != nil {
		return err
	}
	if err := v.p.recordRows(ctx, t, floors); err != nil {
		return err
	}
	if err := v.p.deliverRows(ctx, t, floors); err != nil {
		return err
	}
	died, err := o.diedSince(ctx, t, last)
	if err != nil || len(died) == 0 {
		return err
	}
	for _, pk := range died {
		v.died[deadRow{t, pk}] = true
	}
	return o.forgetRepeats(ctx, t, died)
}

// deliverRows drains the outbox until no change of the rows waits there, or for as
// long as that may take.
func (p *Plugin) deliverRows(ctx context.Context, t *table, rows map[string]int64) error {
	for turn := range drainTurns {
		waits := false
		var probes []probe
		for key := range rows {
			probes = append(probes, probe{t, key, func(saw probed) { waits = waits || saw.pending }})
		}
		if err := p.probe(ctx, probes); err != nil || !waits {
			return err
		}
		if turn > 0 { // those that are left were put off
			p.rest(ctx, spread(time.Second), nil)
		}
		if err := p.drainTurn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// drainTurn drains for a while; that the outbox holds more is no error. What was
// put off stays until its time has come: each try counts, and what is tried in
// haste is a dead letter soon.
func (p *Plugin) drainTurn(ctx context.Context) error {
	turn, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	d := &drain{Plugin: p, waits: newWaits(), due: true}
	err := d.run(turn)
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// tryPutOff tries once what was put off, or as much of it as makes a batch: what
// it was put off for may have been mended. What fails again is no error.
func (p *Plugin) tryPutOff(ctx context.Context) error {
	turn, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	if _, err := p.relayBatch(turn, selection{everything: true}); err != nil {
		p.opts.Logger.WarnContext(ctx, "timak: some changes could not be applied; they are put off", "error", err)
	}
	return ctx.Err()
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
func (p *Plugin) removeExtras(ctx context.Context, found []*finding) error {
	removals := map[*finding][]timak.Op{}
	var high int64
	for _, f := range found {
		for _, s := range f.suspects {
			if s.kind == Extra && !s.unsettled && !f.damaged {
				removals[f] = append(removals[f], timak.RemoveEntry(s.at.id, s.at.source).WithVersion(s.got.Version))
				if !s.ahead {
					high = max(high, s.got.Version)
				}
			}
		}
	}
	if len(removals) == 0 {
		return nil
	}
	if err := p.raiseClock(ctx, high); err != nil {
		return err
	}
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(atOnce)
	for f, ops := range removals {
		workers.Go(func() error {
			_, err := p.writerOf(f.contents).Apply(ctx, f.key, ops...)
			if errors.Is(err, timak.ErrCorrupt) {
				return nil // since a moment; the next round finds it
			}
			return err
		})
	}
	return workers.Wait()
}

// maxAhead is how far ahead of the clock a version may be that Rebuild follows.
// Versions of all rows are above those of the past, so what one timeline holds
// would take every later change with it, up to where there are no more.
const maxAhead = 24 * time.Hour

// followed returns the highest version that Rebuild follows. Where versions have
// come further already, as when the clock was set back, that does no more harm.
func (p *Plugin) followed(ctx context.Context) (version int64, err error) {
	o, err := p.outbox()
	if err != nil {
		return 0, err
	}
	if err := o.db.QueryRowContext(ctx, "SELECT high FROM timak_clock").Scan(&version); err != nil {
		return 0, fmt.Errorf("timakgorm: read the clock: %w", err)
	}
	return max(version, time.Now().Add(maxAhead).UnixMicro()), nil
}

// raiseClock makes every version from now on higher than one.
func (p *Plugin) raiseClock(ctx context.Context, version int64) error {
	o, err := p.outbox()
	if err != nil {
		return err
	}
	raise, args := "UPDATE timak_clock SET high = ? WHERE high < ?", []any{version, version}
	if o.dialect.numbered {
		raise, args = "SELECT timak_version(?)", args[:1]
	}
	if _, err := o.db.ExecContext(ctx, o.dialect.bind(raise), args...); err != nil {
		return fmt.Errorf("timakgorm: raise the clock: %w", err)
	}
	return nil
}
