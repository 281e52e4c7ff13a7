package relay

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// A timeline from which items were removed has room for others that fell off its end before.
// It gets them back from the tables, in the batch that has removed them: if a relay dies in
// between, the removals come again.

// room is a timeline that has got room for items which it lacks.
type room struct {
	key   string
	items int
}

// healMost is how many timelines a batch heals: those that have the most room. The others
// wait until something is removed from them again. Their pages are whole, as what a
// timeline lacks is read from the tables.
const healMost = 32

// healPart is the part of its capacity that a timeline has room for before it is healed, if
// it has lost items together with others: one post that goes from a hundred thousand feeds
// is not worth as many looks at the tables.
const healPart = 16

// noteRoom notes a timeline that has got room.
func (b *batch) noteRoom(g *group) {
	items, least := 0, cmp.Or(g.max, b.relay.timelines.MaxItems())/healPart
	for i, result := range g.results {
		if g.errs[i] != nil || result.Room == 0 {
			continue
		}
		if items = result.Room; g.fans[i] == (fanID{}) {
			least = 0
		}
	}
	if items > least {
		b.rooms = append(b.rooms, room{g.key, items})
	}
}

// healing is a timeline that is healed.
type healing struct {
	key      string
	capacity int
	ops      []timak.Op
	err      error
}

// heal brings items back to timelines that have got room for them. An error keeps no change
// from being settled.
func (b *batch) heal(ctx context.Context) {
	healed := b.chosen()
	if len(healed) == 0 || ctx.Err() != nil {
		return
	}
	moment, err := b.outbox.NewMoment(ctx, b.relay.tables.Sorted()[0])
	if err != nil {
		b.relay.notHealed(ctx, "", err)
		return
	}
	each(b.relay.sideBySide(), len(healed), func(n int) { healed[n].read(ctx, b, moment) })
	if moment, err = b.outbox.Moment(ctx); err != nil {
		b.relay.notHealed(ctx, "", err)
		return
	}
	each(b.relay.opts.Writers, len(healed), func(n int) { healed[n].write(ctx, b, moment) })
	for _, h := range healed {
		if h.err != nil {
			b.relay.notHealed(ctx, h.key, h.err)
		}
	}
}

// chosen returns the timelines to heal, each once.
func (b *batch) chosen() (healed []*healing) {
	slices.SortStableFunc(b.rooms, func(x, y room) int { return cmp.Compare(y.items, x.items) })
	seen := map[string]bool{}
	for _, r := range b.rooms {
		capacity, heals := b.relay.healer.Capacity(r.key)
		if heals && !seen[r.key] && len(healed) < healMost {
			healed = append(healed, &healing{key: r.key, capacity: capacity})
		}
		seen[r.key] = true
	}
	return healed
}

// read looks how much room there is, and for what.
func (h *healing) read(ctx context.Context, b *batch, moment int64) {
	defer recovered(&h.err)
	entries, err := b.relay.timelines.Entries(ctx, h.key)
	if err != nil {
		h.err = err
		return
	}
	if items := entries.Room(h.capacity); items > 0 {
		floor, _ := entries.Floor()
		h.ops, h.err = b.relay.healer.Ops(ctx, b.outbox.DB, h.key, floor, items, moment)
	}
}

// write writes what was read.
func (h *healing) write(ctx context.Context, b *batch, moment int64) {
	if h.err != nil || len(h.ops) == 0 {
		return
	}
	defer recovered(&h.err)
	if _, h.err = b.relay.timelines.Bounded(h.capacity).AsOf(moment).Apply(ctx, h.key, h.ops...); h.err == nil {
		b.relay.counters.wrote(len(h.ops))
		b.relay.counters.healed.Add(1)
		b.relay.opts.Watchers.Tell(h.key)
	}
}

// notHealed logs why timelines could not be healed. Rows that writers have locked, and a
// store that is away, are no fault.
func (r *Relay) notHealed(ctx context.Context, key string, err error) {
	if ctx.Err() != nil {
		return
	}
	log := r.opts.Log.WarnContext
	if dialect.Contended(err) || isOutage(err) || errors.Is(err, timak.ErrCorrupt) {
		log = r.opts.Log.DebugContext
	}
	log(ctx, "timak: a timeline has room, and could not be filled up; it will be when something is removed from it again", "key", key, "error", err)
}
