package relay

import (
	"context"
	"errors"
	"slices"
	"sync"

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
	all   []*settled // in the order of the changes

	mu           sync.Mutex
	busy         map[audience.Source]error // writers hold rows of theirs
	mostBusy     int
	items, bytes int
}

// settled is a subscription whose timeline is told what to do, and the rows whose changes
// are about it.
type settled struct {
	folds []*rowFold
	one   model.Subscribed

	copy, missed audience.Copy // of the first look and of the second
	err          error         // of the last one
}

func (s *settled) source() audience.Source {
	return audience.Source{Audience: s.one.Audience, Text: s.one.Source}
}

// settleSubscriptions adds what timelines have to do about sources of which
// subscriptions have changed.
func (b *batch) settleSubscriptions(ctx context.Context, gs *grouping) {
	s := &settling{batch: b, mostBusy: settleBusy, known: map[ends]*settled{}, busy: map[audience.Source]error{}}
	b.settling = s
	for _, f := range b.folds {
		if f.settled || f.elsewhere || len(f.subscriptions) == 0 || f.claim == 0 {
			continue
		}
		f.settled = true
		for _, one := range f.subscriptions {
			s.note(f, one)
		}
	}
	s.look(s.all, func(one *settled) (err error) {
		one.copy, err = b.relay.audiences.Settle(ctx, b.outbox.DB, one.one, one.folds[0].claim, b.relay.timelines)
		s.copied(one.copy)
		return err
	})
	for _, one := range s.all {
		if one.err != nil {
			b.hinderAll(one.folds, one.err)
			continue
		}
		b.settled = append(b.settled, one)
		gs.clear(one.one.Key, one.copy.Max, one.copy.Remove, one.folds[0])
		one.put(gs, one.copy)
	}
}

// note notes a subscription that a row's changes are about: once, if several rows are about
// the same.
func (s *settling) note(f *rowFold, one model.Subscribed) {
	if known := s.known[endsOf(one)]; known != nil {
		known.folds = append(known.folds, f)
		return
	}
	added := &settled{folds: []*rowFold{f}, one: one}
	s.known[endsOf(one)] = added
	s.all = append(s.all, added)
}

// put adds the puts of a copy.
func (s *settled) put(gs *grouping, c audience.Copy) {
	for _, op := range c.Ops {
		gs.add(s.one.Key, c.Max, op, true, fanID{}, s.folds[0])
	}
}

// copyMissed returns puts that timelines with changed subscriptions lack after their
// first ops.
func (b *batch) copyMissed(ctx context.Context) []*group {
	s, gs := b.settling, &grouping{index: map[string]*group{}}
	s.items, s.bytes, s.mostBusy = 0, 0, len(s.busy)+settleBusy
	var live []*settled
	for _, one := range b.settled {
		if err := b.hindered(one.folds[0]); err != nil { // it begins again
			b.hinderAll(one.folds[1:], err)
		} else if one.copy.Live {
			live = append(live, one)
		}
	}
	s.look(live, func(one *settled) (err error) {
		one.missed, err = b.relay.audiences.Missed(ctx, b.outbox.DB, one.one, b.relay.timelines, one.copy)
		return err
	})
	for _, one := range live {
		if one.err != nil {
			b.hinderAll(one.folds, one.err)
		}
		one.put(gs, one.missed)
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
