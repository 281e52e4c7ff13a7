package timak

import (
	"context"

	"github.com/timak-go/timak/timak/internal/wire"
)

// excerpt returns the part of the stored timeline that a group's changes need: as
// little of it as possible, or all of it. adding is the addition that they make; nil if
// the timeline has to be written whole.
func (t *Timelines) excerpt(ctx context.Context, key string, on basis, group []*change) (x wire.Excerpt, adding *addition, err error) {
	siblings := on.object.Siblings
	p, ok := pileOf(key, siblings)
	if !ok {
		s, err := t.merge(ctx, key, siblings)
		return wire.Whole(s), nil, err
	}
	if x, ok = p.cut(key, group); !ok {
		s, err := t.merge(ctx, key, siblings)
		if err != nil {
			return x, nil, err
		}
		x = wire.Whole(s)
	}
	if on.adds {
		adding = t.addition(&p, group, &x)
	}
	return x, adding, nil
}

// cut returns the part of a pile that a group's changes need, if that can be separated.
func (p *pile) cut(key string, group []*change) (x wire.Excerpt, ok bool) {
	changes, bounds, ok := concern(group)
	if !ok {
		return x, false
	}
	if x, ok = wire.Cut(key, p.base, append(changes, p.concern()...), bounds); ok {
		for _, a := range p.additions {
			x.State.Absorb(a)
		}
	}
	return x, ok
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
