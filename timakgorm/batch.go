package timakgorm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
)

// batch is one round of the relay: changes are read, folded by row, grouped by
// timeline, applied with one read and one write for each, and settled. No
// transaction is open while the store is written.
type batch struct {
	plugin *Plugin
	outbox *outbox
	folds  []*rowFold
	// failed are the errors of the timelines that a row touches, stale the rows
	// whose puts came too late.
	failed map[*rowFold][]error
	stale  map[*rowFold]bool
	full   bool // there may be more changes than these
}

// relayBatch takes one round. It returns how many changes it found and how many
// of those are settled, for good or as dead letters; the error is the first
// reason why the others are not.
func (p *Plugin) relayBatch(ctx context.Context, everything bool) (found, settled int, err error) {
	o, err := p.outbox()
	if err != nil {
		return 0, 0, err
	}
	select {
	case p.relaying <- struct{}{}:
		defer func() { <-p.relaying }()
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	}
	changes, err := o.due(ctx, p.opts.Batch, everything)
	if err != nil || len(changes) == 0 {
		return 0, 0, err
	}
	b := &batch{plugin: p, outbox: o, folds: p.fold(changes), failed: map[*rowFold][]error{}, stale: map[*rowFold]bool{}, full: len(changes) == p.opts.Batch}
	b.apply(ctx)
	if ctx.Err() != nil {
		return len(changes), 0, ctx.Err()
	}
	settled, err = b.settle(ctx)
	return len(changes), settled, err
}

// group is the ops of one timeline, and the rows they come from.
type group struct {
	key     string
	ops     []timak.Op
	puts    []bool
	sources []*rowFold
	max     int
	results []timak.Result // of each op
	errs    []error        // of each op
}

// groups brings together the ops of each timeline.
func (b *batch) groups() []*group {
	index := map[string]*group{}
	var groups []*group
	for _, f := range b.folds {
		for _, op := range f.ops {
			g := index[op.key]
			if g == nil {
				g = &group{key: op.key}
				index[op.key] = g
				groups = append(groups, g)
			}
			g.ops = append(g.ops, op.op)
			g.puts = append(g.puts, op.put)
			g.sources = append(g.sources, f)
			g.max = max(g.max, op.max)
		}
	}
	return groups
}

// apply writes every timeline once, some of them side by side.
func (b *batch) apply(ctx context.Context) {
	groups := b.groups()
	var workers errgroup.Group
	workers.SetLimit(b.plugin.opts.Writers)
	for _, g := range groups {
		workers.Go(func() error {
			b.write(ctx, g)
			return nil
		})
	}
	_ = workers.Wait() // every group keeps its own errors
	for _, g := range groups {
		b.note(g)
	}
}

func (b *batch) write(ctx context.Context, g *group) {
	timelines := b.plugin.timelines
	if g.max > 0 {
		timelines = timelines.Bounded(g.max)
	}
	g.results, g.errs = make([]timak.Result, len(g.ops)), make([]error, len(g.ops))
	g.apply(ctx, timelines, 0, len(g.ops))
}

// apply carries out some of a group's ops together. One that can never be would
// take its neighbours down with it: then each half is tried by itself.
func (g *group) apply(ctx context.Context, timelines *timak.Timelines, from, to int) {
	results, err := timelines.Apply(ctx, g.key, g.ops[from:to]...)
	switch {
	case err == nil:
		copy(g.results[from:to], results)
	case to-from > 1 && blamesOp(err):
		middle := (from + to) / 2
		g.apply(ctx, timelines, from, middle)
		g.apply(ctx, timelines, middle, to)
	default:
		for i := from; i < to; i++ {
			g.errs[i] = err
		}
	}
}

// note tells the rows of a group what came of it.
func (b *batch) note(g *group) {
	for i, f := range g.sources {
		switch {
		case g.errs[i] != nil:
			b.failed[f] = append(b.failed[f], g.errs[i])
		case g.puts[i] && g.results[i].Outcome == timak.Stale:
			b.stale[f] = true
		}
	}
}

// settle deletes the changes that are done, records anew those that came too
// late, buries those that cannot be applied and puts off the rest.
func (b *batch) settle(ctx context.Context) (settled int, err error) {
	tx, err := b.outbox.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("timakgorm: settle outbox: %w", err)
	}
	settled, reason, err := b.settleIn(ctx, tx)
	if err != nil {
		return 0, fmt.Errorf("timakgorm: settle outbox: %w", errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("timakgorm: settle outbox: %w", err)
	}
	return settled, reason
}

func (b *batch) settleIn(ctx context.Context, tx *sql.Tx) (settled int, reason, err error) {
	var done []int64
	outage := b.outage()
	for _, f := range b.folds {
		failure := errors.Join(f.err, errors.Join(b.failed[f]...))
		switch {
		case failure == nil && (b.stale[f] || f.outdated):
			err = b.recordAnew(ctx, tx, f)
			done = append(done, f.ids()...)
		case failure == nil:
			done = append(done, f.ids()...)
		case hopeless(f, b.failed[f]):
			b.plugin.opts.Logger.ErrorContext(ctx, "timak: a change cannot be applied; it is a dead letter now",
				"table", f.last().table, "pk", f.last().pk, "error", failure)
			err = b.outbox.bury(ctx, tx, f.ids(), failure)
			settled += len(f.changes)
		case outage && !b.full: // in a full batch, others may wait behind these
			reason = failure
		default:
			reason = failure
			err = b.putOff(ctx, tx, f, failure)
		}
		if err != nil {
			return 0, nil, err
		}
	}
	return settled + len(done), reason, b.outbox.forget(ctx, tx, done)
}
