package audit

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
)

// finding is what is wrong with one timeline.
type finding struct {
	contents

	damaged     bool
	suspects    []*suspect
	unplaceable unplaceables
}

// compareAll compares timelines concurrently and returns those that differ.
func (v *verification) compareAll(ctx context.Context, keys []string, count bool) ([]*finding, error) {
	found := make([]*finding, len(keys))
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(atOnce)
	for n, key := range keys {
		workers.Go(func() (err error) {
			found[n], err = v.compare(ctx, key, count)
			return err
		})
	}
	err := workers.Wait()
	return slices.DeleteFunc(found, func(f *finding) bool { return f == nil }), err
}

// compare compares a timeline; it returns nil if it agrees with the tables.
func (v *verification) compare(ctx context.Context, key string, count bool) (*finding, error) {
	c, err := v.audit.contentsOf(ctx, key)
	if err != nil {
		return nil, err
	}
	c.refill = v.opts.Repair && !c.some
	f := &finding{contents: c}
	if c.least == 0 {
		return nil, fmt.Errorf("no rule makes the key %q", key)
	}
	entries, damaged, err := v.audit.entries(ctx, key)
	if err != nil {
		return nil, err
	}
	counter := func(int64) error { return nil }
	if count {
		counter = v.counter(ctx)
	}
	n := &comparison{key: key, refill: c.refill, progress: counter, unplaceable: unplaceables{limit: max(v.opts.Limit, 0)}}
	if err := v.audit.compare(ctx, f.contents, entries, n); err != nil {
		return nil, err
	}
	if err := v.raiseFloor(ctx, c, entries, n.dropped); err != nil {
		return nil, err
	}
	if count {
		v.mu.Lock()
		v.report.Rows += n.rows % rowsATick
		v.mu.Unlock()
	}
	f.damaged, f.unplaceable = damaged, n.unplaceable
	if f.suspects, err = v.audit.judge(ctx, f.contents, entries, n.suspects); err != nil || f.right() {
		return nil, err
	}
	return f, v.audit.noteAhead(ctx, f.suspects)
}

// raiseFloor has a timeline know that it lacks items, with Options.Repair: those from the
// first row on that does not fit.
func (v *verification) raiseFloor(ctx context.Context, c contents, entries timak.Entries, dropped *timak.Item) error {
	if !v.opts.Repair || dropped == nil || entries.Lacks(dropped.Place()) {
		return nil
	}
	o, err := v.audit.relay.Outbox()
	if err != nil {
		return err
	}
	moment, err := o.Moment(ctx)
	if err != nil {
		return err
	}
	_, err = v.audit.writerOf(c).AsOf(moment).Apply(ctx, c.key, timak.RaiseFloor(dropped.Place()))
	return damagedMeanwhile(err)
}

// right reports whether the timeline agrees with the tables.
func (f *finding) right() bool {
	return !f.damaged && len(f.suspects) == 0 && f.unplaceable.count == 0
}

// noteAhead notes which suspects have versions that Rebuild does not exceed.
func (a *Audit) noteAhead(ctx context.Context, suspects []*suspect) error {
	exceeded, err := a.exceeded(ctx)
	for _, s := range suspects {
		s.ahead = s.version > exceeded
	}
	return err
}
