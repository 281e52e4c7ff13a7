package relay

import (
	"context"
	"errors"
	"slices"

	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// A change of a subscription is not applied from its images. For each timeline and
// source that they name, the relay looks what holds now (audience.Settle).

// subscribe notes what the images of a row subscribe to.
func (f *rowFold) subscribe() (err error) {
	outdated := false
	for _, pair := range f.images {
		var before, after []model.Subscribed
		before, _, _ = f.table.Model.Subscribes(pair.old)
		after, outdated, err = f.table.Model.Subscribes(pair.new) // the last one is the row as it is
		for _, one := range slices.Concat(before, after) {
			if !slices.ContainsFunc(f.subscriptions, one.SameEnds) {
				f.subscriptions = append(f.subscriptions, one)
			}
		}
	}
	f.outdated = f.outdated || outdated
	return err
}

// ends are a timeline and a source.
type ends struct{ audience, key, source string }

func endsOf(one model.Subscribed) ends { return ends{one.Audience, one.Key, one.Source} }

// What the subscriptions of one batch may do before the others are left to the next one:
// there may be so many of them, sources that are locked, items to copy, and bytes.
const (
	settleLooks = 1000
	settleBusy  = 5
	settleItems = 50_000
	settleBytes = 64 << 20
)

// errNextBatch is returned for a subscription that is left to the next batch.
var errNextBatch = errors.New("the batch has done enough for subscriptions")

// settling is what a batch does for subscriptions.
type settling struct {
	batch *batch
	known map[ends]*settled
	busy  map[audience.Source]error // writers hold rows of theirs

	items, bytes, mostBusy int
}

// settled is a subscription whose timeline has been told what to do, and the rows whose
// changes are about it.
type settled struct {
	folds []*rowFold
	one   model.Subscribed
	copy  audience.Copy
}

// settleSubscriptions adds what timelines have to do about sources of which
// subscriptions have changed.
func (b *batch) settleSubscriptions(ctx context.Context, gs *grouping) {
	b.settling = &settling{batch: b, mostBusy: settleBusy, known: map[ends]*settled{}, busy: map[audience.Source]error{}}
	for _, f := range b.folds {
		if f.settled || f.elsewhere || len(f.subscriptions) == 0 || f.claim == 0 {
			continue
		}
		f.settled = true
		for _, one := range f.subscriptions {
			if err := b.settling.settle(ctx, gs, f, one); err != nil {
				f.settled = false
				b.hinder(f, err)
			}
		}
	}
}

// settle tells a timeline what to do: once, if several rows are about the same.
func (s *settling) settle(ctx context.Context, gs *grouping, f *rowFold, one model.Subscribed) error {
	if known := s.known[endsOf(one)]; known != nil {
		known.folds = append(known.folds, f)
		return nil
	}
	var c audience.Copy
	err := s.look(one, func() (err error) {
		r := s.batch.relay
		c, err = r.audiences.Settle(ctx, s.batch.outbox.DB, one, f.claim, r.timelines)
		return err
	})
	if err != nil {
		return err
	}
	s.known[endsOf(one)] = &settled{[]*rowFold{f}, one, c}
	s.batch.settled = append(s.batch.settled, s.known[endsOf(one)])
	s.items, s.bytes = s.items+len(c.Ops), s.bytes+c.Bytes
	gs.clear(one.Key, c.Max, c.Remove, f)
	for _, op := range c.Ops {
		gs.add(one.Key, c.Max, op, true, fanID{}, f)
	}
	return nil
}

// look calls do, which looks at a source, unless it is locked, or the batch has done
// enough.
func (s *settling) look(one model.Subscribed, do func() error) error {
	source := audience.Source{Audience: one.Audience, Text: one.Source}
	if err := s.busy[source]; err != nil {
		return err
	}
	if len(s.busy) >= s.mostBusy || s.items > settleItems || s.bytes > settleBytes {
		return errNextBatch
	}
	err := do()
	if dialect.Contended(err) {
		s.busy[source] = err
	}
	return err
}

// copyMissed returns puts that timelines with changed subscriptions lack after their
// first ops.
func (b *batch) copyMissed(ctx context.Context) []*group {
	gs := &grouping{index: map[string]*group{}}
	b.settling.items, b.settling.bytes, b.settling.mostBusy = 0, 0, len(b.settling.busy)+settleBusy
	for _, s := range b.settled {
		f, r := s.folds[0], b.relay
		if err := b.hindered(f); err != nil { // it begins again
			b.hinderAll(s.folds[1:], err)
			continue
		}
		if !s.copy.Live {
			continue
		}
		var c audience.Copy
		err := b.settling.look(s.one, func() (err error) {
			c, err = r.audiences.Missed(ctx, b.outbox.DB, s.one, r.timelines, s.copy)
			return err
		})
		if err != nil {
			b.hinderAll(s.folds, err)
		}
		for _, op := range c.Ops {
			gs.add(s.one.Key, c.Max, op, true, fanID{}, f)
		}
	}
	return gs.groups
}

// hindered returns why a row's changes cannot be relayed now; nil if nothing is known.
func (b *batch) hindered(f *rowFold) error {
	switch {
	case b.locked[f]:
		return errLocked
	case len(b.failed[f]) > 0:
		return b.failed[f][0]
	default:
		return nil
	}
}

func (b *batch) hinderAll(folds []*rowFold, err error) {
	for _, f := range folds {
		f.settled = false
		b.hinder(f, err)
	}
}

// hinder notes why a row's changes cannot be relayed now: the batch has done enough, locks
// of writers, for which no change is given up, or an error.
func (b *batch) hinder(f *rowFold, err error) {
	switch {
	case errors.Is(err, errNextBatch):
		f.unfinished = true
	case errors.Is(err, errLocked) || dialect.Contended(err):
		b.locked[f] = true
	default:
		b.failed[f] = append(b.failed[f], err)
	}
}
