package relay

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/heal"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// batch is one round of the relay. Its changes are read, folded by row, grouped by
// timeline, applied with one read and one write a timeline, and settled. No
// transaction is open while the store is written.
type batch struct {
	relay  *Relay
	outbox *outbox.Outbox
	since  string // a mark of the store from before the changes were read
	folds  []*rowFold
	// failed are the errors of a row's timelines, stale the keys of its timelines for
	// which its puts came too late.
	failed map[*rowFold][]error
	stale  map[*rowFold][]string
	// skips are the errors of timelines that a row has passed over, refused those of ops
	// that no timeline of their audience can take.
	skips, refused map[*rowFold][]error
	// covered are puts that the removal of their source outweighs.
	covered []covered
	// settled are subscriptions whose timelines have been told what to do.
	settled  []*settled
	settling *settling
	// locked are rows whose relaying needs others that writers have locked.
	locked map[*rowFold]bool
	full   bool // there may be more changes than these
	// written are the keys of the timelines that were written.
	written []string
	// rooms are the timelines that have got room for items which they lack, by key.
	rooms map[string]heal.Room

	// reached says that the store has answered for at least one timeline; away is the
	// number of timelines for which the store could not be reached.
	reached bool
	away    int
}

func (r *Relay) newBatch(o *outbox.Outbox, since string, changes []outbox.RowChange, full bool) *batch {
	return &batch{
		relay: r, outbox: o, since: since, folds: r.fold(changes), full: full,
		failed: map[*rowFold][]error{}, stale: map[*rowFold][]string{}, skips: map[*rowFold][]error{}, refused: map[*rowFold][]error{}, locked: map[*rowFold]bool{},
		rooms: map[string]heal.Room{},
	}
}

// outcome is the result of a round.
type outcome struct {
	found   int   // changes in the batch
	settled int   // of these, applied or made dead letters
	left    int   // of these, left to programs with other rules
	late    int   // of these, put off
	healed  int   // timelines that were healed as there were no changes
	last    int64 // id of the last one
	more    bool  // more changes may be due
	whole   bool  // the look has left none to another one
	hasty   bool  // another look is to come soon: see outbox.Swept.Until

	// reached says that the store has answered, outage that it cannot be reached.
	reached, outage bool
}

// relayBatch runs one round. The error is the first reason why some of the changes
// are not settled.
func (r *Relay) relayBatch(ctx context.Context, which outbox.Selection) (outcome, error) {
	o, err := r.Outbox()
	if err != nil {
		return outcome{}, err
	}
	select {
	case r.relaying <- struct{}{}:
		defer func() { <-r.relaying }()
	case <-ctx.Done():
		return outcome{}, ctx.Err()
	}
	since, err := r.since(ctx, o)
	if err != nil {
		return outcome{}, err
	}
	due, err := o.Due(ctx, r.opts.Batch, which)
	if err != nil {
		return outcome{}, err
	}
	if len(due.Changes) == 0 {
		healed := r.healNext(ctx, o)
		return outcome{healed: healed, more: healed > 0, whole: due.Whole, hasty: due.Hasty}, ctx.Err()
	}
	came := outcome{found: len(due.Changes), last: due.Changes[len(due.Changes)-1].ID, more: due.More, whole: due.Whole, hasty: due.Hasty}
	b := r.newBatch(o, since, due.Changes, due.More)
	if err := b.apply(ctx); err != nil {
		return came, err
	}
	b.heal(ctx)
	if ctx.Err() != nil {
		return came, ctx.Err()
	}
	came.reached, came.outage = b.reached, b.outage()
	return came, b.settle(ctx, &came)
}

// group is the ops of one timeline, with the rows they come from.
type group struct {
	key     string
	ops     []timak.Op
	puts    []bool
	sources []*rowFold
	fans    []fanID // of each op; zero: it is for this timeline alone
	max     int
	first   int            // so many ops are removals of sources, and come first
	results []timak.Result // of each op
	errs    []error        // of each op
}

// grouping is ops by timeline.
type grouping struct {
	index  map[string]*group
	groups []*group
}

// of returns the group of a timeline.
func (gs *grouping) of(key string) *group {
	g := gs.index[key]
	if g == nil {
		g = &group{key: key}
		gs.index[key] = g
		gs.groups = append(gs.groups, g)
	}
	return g
}

// clear adds the removal of a source. It comes before all puts: an item that it takes away
// must not push another one off the end first. The versions tell what was first.
func (gs *grouping) clear(key string, limit int, op timak.Op, f *rowFold) {
	g := gs.of(key)
	g.ops = slices.Insert(g.ops, g.first, op)
	g.puts = slices.Insert(g.puts, g.first, false)
	g.fans = slices.Insert(g.fans, g.first, fanID{})
	g.sources = slices.Insert(g.sources, g.first, f)
	g.first++
	g.max = max(g.max, limit)
}

// add adds an op of a row for one timeline.
func (gs *grouping) add(key string, limit int, op timak.Op, put bool, fan fanID, f *rowFold) {
	g := gs.of(key)
	g.ops = append(g.ops, op)
	g.puts = append(g.puts, put)
	g.fans = append(g.fans, fan)
	g.sources = append(g.sources, f)
	g.max = max(g.max, limit)
}

// groups groups the ops by timeline, those for audiences too.
func (b *batch) groups(ctx context.Context) []*group {
	gs := &grouping{index: map[string]*group{}}
	for _, f := range b.folds {
		b.readProgress(f)
	}
	b.claim(ctx)
	for _, f := range b.folds {
		for _, op := range f.ops {
			if op.fan == (fanID{}) && !f.elsewhere {
				gs.add(op.key, op.max, op.op, op.put, fanID{}, f)
			}
		}
	}
	b.settleSubscriptions(ctx, gs)
	b.fanOut(ctx, gs)
	return gs.groups
}

// apply writes each timeline once, Options.Writers of them concurrently.
func (b *batch) apply(ctx context.Context) error {
	for _, groups := range []func(context.Context) []*group{b.groups, b.copyMissed, b.uncovered} {
		if err := b.writeAll(ctx, groups(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// writeAll writes some timelines, and notes what came of it. All that they are told was
// read before. An error says that none was written.
func (b *batch) writeAll(ctx context.Context, groups []*group) error {
	if len(groups) == 0 {
		return nil
	}
	moment, err := b.outbox.Moment(ctx)
	if err != nil {
		return err
	}
	var writers sync.WaitGroup
	var next atomic.Int64
	for range min(b.relay.opts.Writers, len(groups)) {
		writers.Go(func() { // few goroutines for many timelines: each grows its stack once
			for n := next.Add(1); n <= int64(len(groups)); n = next.Add(1) {
				b.write(ctx, groups[n-1], moment)
			}
		})
	}
	writers.Wait()
	for _, g := range groups {
		b.note(g)
	}
	return nil
}

func (b *batch) write(ctx context.Context, g *group, moment int64) {
	timelines := b.relay.timelines.AsOf(moment)
	if g.max > 0 {
		timelines = timelines.Bounded(g.max)
	}
	g.results, g.errs = make([]timak.Result, len(g.ops)), make([]error, len(g.ops))
	b.applySome(ctx, g, timelines, 0, len(g.ops))
}

// applySome applies some of a group's ops together. If one of them can never be
// applied, all fail: then each half is tried by itself.
func (b *batch) applySome(ctx context.Context, g *group, timelines *timak.Timelines, from, to int) {
	results, err := timelines.Apply(ctx, g.key, g.ops[from:to]...)
	switch {
	case err == nil:
		b.relay.counters.wrote(to - from)
		b.relay.opts.Watchers.Tell(g.key)
		copy(g.results[from:to], results)
	case to-from > 1 && blamesOp(err):
		middle := (from + to) / 2
		b.applySome(ctx, g, timelines, from, middle)
		b.applySome(ctx, g, timelines, middle, to)
	default:
		for i := from; i < to; i++ {
			g.errs[i] = err
		}
	}
}

// note notes the results of a group for its rows.
func (b *batch) note(g *group) {
	if slices.ContainsFunc(g.errs, isOutage) {
		b.away++
	} else {
		b.reached = true
	}
	if slices.Contains(g.errs, nil) {
		b.written = append(b.written, g.key)
		b.noteRoom(g)
	}
	for i, f := range g.sources {
		to := skipped{g.fans[i].audience, g.fans[i].source, g.key, g.max}
		switch {
		case g.errs[i] != nil && g.fans[i] != (fanID{}):
			b.skip(f, to, g.errs[i])
		case g.errs[i] != nil:
			b.failed[f] = append(b.failed[f], g.errs[i])
		case g.puts[i] && g.results[i].Outcome == timak.Stale:
			b.stale[f] = append(b.stale[f], g.key)
		case g.results[i].Covered && g.fans[i] != (fanID{}):
			b.covered = append(b.covered, covered{f, to})
		}
	}
}
