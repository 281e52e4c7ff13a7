package timak

import (
	"context"
	"slices"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// A change of a few items need not write a long timeline again, if the store is a
// driver.Adder: it adds a sibling that says all of these items, and nothing else. When there
// are many of those, the next change writes the timeline whole again.

// pile is what a key holds if no writers have met on it: one value, the base, and additions
// to it.
type pile struct {
	base      []byte
	additions []state.State
	size      int // bytes of the additions
	longest   int // bytes of the longest
}

// pileOf returns the siblings as a pile, if they are one.
func pileOf(key string, siblings [][]byte) (p pile, ok bool) {
	for _, value := range siblings {
		switch {
		case wire.IsAddition(value):
			p.size, p.longest = p.size+len(value), max(p.longest, len(value))
		case p.base == nil:
			p.base = value
		default:
			return pile{}, false
		}
	}
	if len(siblings) <= 1 {
		return p, p.base != nil
	}
	name, ok := wire.NameOf(p.base)
	if !ok {
		return pile{}, false
	}
	for _, value := range siblings {
		if !wire.IsAddition(value) {
			continue
		}
		s, ok := wire.DecodeAddition(key, value, name)
		if !ok {
			return pile{}, false
		}
		p.additions = append(p.additions, s)
	}
	return p, true
}

// concern returns what the additions mention.
func (p *pile) concern() (changes []wire.Change) {
	for i := range p.additions {
		s := &p.additions[i]
		for _, e := range s.Entries {
			changes = append(changes, wire.Change{ID: e.ID, Put: e.Live, Date: e.Date})
		}
		for _, c := range s.Items {
			changes = append(changes, wire.Change{ID: c.Name})
		}
	}
	return changes
}

// added returns what the additions show, in order, and the items that they mention.
func (p *pile) added() (state.State, map[string]bool) {
	var all state.State
	for _, a := range p.additions {
		all.Absorb(a)
	}
	mentioned := map[string]bool{}
	for i := range all.Entries {
		mentioned[all.Entries[i].ID] = true
	}
	for _, c := range all.Items {
		mentioned[c.Name] = true
	}
	return all, mentioned
}

// The bounds of a pile: every first page reads all additions, and as many more items of the
// base as they hide there.
const (
	mostAdditions = 16
	mostMentioned = 32 // items
	// All additions together have so much of the bytes of the base, or at least so many bytes.
	share      = 4
	leastShare = 4 << 10
)

// addition is an addition that a group of changes makes.
type addition struct {
	base    wire.Name
	items   map[string]bool
	before  state.State // what was said of the items
	room    int         // bytes
	refused bool        // it cannot say all of the changes
}

// addition returns the addition that a group makes to x; nil if it has to write the
// timeline whole.
func (t *Timelines) addition(p *pile, group []*change, x *wire.Excerpt) *addition {
	adder, ok := t.store.(driver.Adder)
	if !ok || len(p.base) < adder.AddFrom() || len(p.additions) >= mostAdditions {
		return nil
	}
	a := &addition{items: map[string]bool{}, room: max(len(p.base)/share, leastShare) - p.size}
	_, mentioned := p.added()
	for _, c := range group {
		for _, op := range c.ops {
			if !op.adds(x.State.Horizon) {
				return nil
			}
			a.items[op.item.ID], mentioned[op.item.ID] = true, true
			if len(mentioned) > mostMentioned {
				return nil
			}
		}
	}
	name, ok := wire.NameOf(p.base)
	if !ok || len(a.items) == 0 {
		return nil
	}
	a.base, a.before = name, a.of(&x.State)
	return a
}

// adds reports whether an addition can say what the op does: it is about an item, and if it
// removes one, it leaves a tombstone.
func (o Op) adds(horizon int64) bool {
	switch o.kind {
	case opPut:
		return true
	case opRemove, opRemoveEntry:
		return o.version == 0 || o.version > horizon
	default:
		return false
	}
}

// of returns what a state says of the addition's items.
func (a *addition) of(s *state.State) state.State {
	return s.About(func(id string) bool { return a.items[id] })
}

// mentions reports whether the addition is about one of some items.
func (a *addition) mentions(ids map[string]bool) bool {
	if a == nil {
		return false
	}
	for id := range a.items {
		if ids[id] {
			return true
		}
	}
	return false
}

// refuse has the timeline written whole.
func (a *addition) refuse() {
	if a != nil {
		a.refused = true
	}
}

// encode returns the addition as a value, once x is changed; ok is false if the timeline
// has to be written whole. The value is nil if the addition says nothing new, and what there
// was is there still.
func (a *addition) encode(key string, x *wire.Excerpt, there, compress bool) (value []byte, ok bool) {
	if a == nil || a.refused {
		return nil, false
	}
	after := a.of(&x.State)
	if there && after.Equal(&a.before) {
		return nil, true
	}
	if !after.KeepsData(&a.before) {
		return nil, false // it would stay in the base
	}
	value, err := wire.EncodeAddition(key, &after, a.base, compress)
	return value, err == nil && len(value) <= a.room
}

// add stores a value beside the siblings of object.
func (t *Timelines) add(ctx context.Context, key string, value []byte, object driver.Object) (siblings [][]byte, how end, err error) {
	adder, _ := t.store.(driver.Adder)
	token, err := adder.Add(ctx, key, value, object.Token)
	if err != nil {
		return nil, unchanged, err
	}
	t.counters.additions.Add(1)
	siblings = append(slices.Clip(object.Siblings), value)
	return siblings, t.wrote(key, value, driver.Object{Siblings: siblings, Token: token}), nil
}
