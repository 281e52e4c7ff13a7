package relay

import (
	"context"

	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// An op for an audience goes to every timeline that subscribes to its source. There may
// be any number of them: a batch brings the op to some, notes how far it has come, and
// leaves the rest to the next batch. Changes of other rows do not wait for it.
// Timelines that cannot be written are passed over, and tried again when all others have
// the op: one of them does not keep it from the rest.

// fanID names the timelines that an op goes to.
type fanID struct{ audience, source string }

func fanOf(p model.Placement) fanID {
	if p.Audience == "" {
		return fanID{}
	}
	return fanID{p.Audience, p.Item.Source}
}

// fanPart is how many timelines one op for an audience goes to in one batch. All of them
// together are no more than fanMost, except that each goes to one.
const (
	fanPart = 1000
	fanMost = 50_000
)

// partOf returns how many timelines each of so many ops goes to in one batch.
func partOf(ops int) int { return max(1, min(fanPart, fanMost/max(1, ops))) }

// fan is ops that go to the same timelines, of which they have reached the same ones.
type fan struct {
	id    fanID
	after audience.Mark
	ops   []fanOp
}

type fanOp struct {
	fold *rowFold
	op   timelineOp
}

// fanOut adds the ops for audiences to the timelines that come next.
func (b *batch) fanOut(ctx context.Context, gs *grouping) {
	for _, f := range b.folds {
		if !f.elsewhere {
			f.addSkipped(gs)
		}
	}
	fans, ops := b.fans()
	part := partOf(ops)
	for _, f := range fans {
		found, last, err := b.relay.audiences.Subscribers(ctx, b.outbox.DB, f.id.audience, f.id.source, f.after, part)
		for _, op := range f.ops {
			if err != nil {
				b.hinder(op.fold, err)
				continue
			}
			op.fold.marks[f.id] = last
			op.fold.unfinished = op.fold.unfinished || !last.Done
			for _, to := range found {
				gs.add(to.Key, to.Max, op.op.op, op.op.put, f.id, op.fold)
			}
		}
	}
}

// fans groups the ops for audiences, and counts them, without those that have reached all.
func (b *batch) fans() (fans []*fan, ops int) {
	type place struct {
		id    fanID
		after audience.Mark
	}
	index := map[place]*fan{}
	for _, f := range b.folds {
		for _, op := range f.ops {
			if op.fan == (fanID{}) || f.elsewhere {
				continue
			}
			if err := b.relay.timelines.Check("of a subscriber", op.op); err != nil { // with or without any
				b.refused[f] = append(b.refused[f], err)
				f.marks[op.fan] = audience.Mark{Done: true}
			}
			at := place{op.fan, f.marks[op.fan]}
			if at.after.Done {
				continue
			}
			if index[at] == nil {
				index[at] = &fan{id: at.id, after: at.after}
				fans = append(fans, index[at])
			}
			index[at].ops = append(index[at].ops, fanOp{f, op})
			ops++
		}
	}
	return fans, ops
}
