package timak

import (
	"context"

	"github.com/timak-go/timak/timak/internal/wire"
)

// excerpt returns the part of the stored timeline that a group's changes need: as
// little of it as possible, or all of it.
func (t *Timelines) excerpt(ctx context.Context, key string, siblings [][]byte, group []*change) (wire.Excerpt, error) {
	if len(siblings) == 1 {
		if changes, bounds, ok := concern(group); ok {
			if x, ok := wire.Cut(key, siblings[0], changes, bounds); ok {
				return x, nil
			}
		}
	}
	s, err := t.merge(ctx, key, siblings)
	return wire.Whole(s), err
}

// concern returns what a group's changes touch; ok is false if that is the whole
// timeline. A single change can show the timeline after its write, but in a group
// each change has to show it as it was between two changes.
func concern(group []*change) (changes []wire.Change, bounds wire.Bounds, ok bool) {
	bounds = group[0].engine.bounds()
	for _, c := range group {
		b := c.engine.bounds()
		if c.shows && len(group) > 1 || b.Order != bounds.Order {
			return nil, bounds, false
		}
		bounds.Limit = min(bounds.Limit, b.Limit)
		for _, op := range c.ops {
			switch op.kind {
			case opRemoveSource:
				return nil, bounds, false
			case opRaiseFloor, opHeal:
			default:
				changes = append(changes, op.concern())
			}
		}
	}
	return changes, bounds, true
}

func (o Op) concern() wire.Change {
	return wire.Change{ID: o.item.ID, Put: o.kind == opPut, Date: microseconds(o.item.At)}
}

func (t *Timelines) bounds() wire.Bounds {
	return wire.Bounds{Order: t.order(), Limit: t.opts.MaxItems}
}
