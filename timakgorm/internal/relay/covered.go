package relay

import (
	"context"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// covered is a put for a subscriber whose timeline has removed the source since.
type covered struct {
	fold *rowFold
	to   skipped
}

// coveredMost is how many such puts a batch looks into. For the others, their rows do the
// same part again.
const coveredMost = 500

// uncovered returns puts in place of those that the removal of their source outweighs.
// Such a put is not final: the row's version may have been drawn before somebody
// unsubscribed, and its change be committed after the subscription came back and copied
// what there was. So it is put once more, with a version that is drawn while both the
// row and a subscription are locked; where there is none, it was right to lose. What this
// batch has removed itself it has also copied, or nobody subscribed then: who does since
// has a change of their own.
func (b *batch) uncovered(ctx context.Context) []*group {
	ours := map[ends]bool{}
	for _, s := range b.settled {
		ours[endsOf(s.one)] = true
	}
	gs := &grouping{index: map[string]*group{}}
	busy := map[*rowFold]error{}
	looks := 0
	for _, c := range b.covered {
		if ours[ends{c.to.Audience, c.to.Key, c.to.Source}] {
			continue
		}
		if looks++; looks > coveredMost {
			c.fold.repeat = true
			continue
		}
		if busy[c.fold] == nil { // one lock is enough to wait for
			busy[c.fold] = b.uncover(ctx, gs, c)
		}
		if err := busy[c.fold]; err != nil {
			b.skip(c.fold, c.to, err)
		}
	}
	return gs.groups
}

func (b *batch) uncover(ctx context.Context, gs *grouping, lost covered) error {
	key, err := lost.fold.key()
	if err != nil {
		return err
	}
	text, err := key.Text()
	if err != nil {
		return err
	}
	to := model.Subscribed{Audience: lost.to.Audience, Key: lost.to.Key, Source: lost.to.Source}
	c, err := b.relay.audiences.Again(ctx, b.outbox.DB, lost.fold.table, text, to, b.relay.timelines)
	for _, op := range c.Ops {
		gs.add(lost.to.Key, c.Max, op, true, fanID{to.Audience, to.Source}, lost.fold)
	}
	return err
}
