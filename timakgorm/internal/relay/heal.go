package relay

import (
	"cmp"
	"context"
	"errors"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// A timeline from which items were removed has room for others that fell off its end before.
// It gets them back from the tables before the removals leave the outbox: if the relay dies
// in between, they come again.

// healMost is how many timelines are healed at a time: those with the most room. The others
// wait until there is nothing else to do.
const healMost = 32

// healPart is the part of its capacity that a timeline has room for before it is healed, if
// that is dear: it loses items together with others, as one post that goes from a hundred
// thousand feeds is not worth as many looks at the tables; or the last look has read
// over dearRows, as the database does not order them.
const (
	healPart = 16
	dearRows = 20_000
)

// healItems is how many items a timeline gets back at a time.
const healItems = 1000

// noteRoom notes a timeline that has got room.
func (b *batch) noteRoom(g *group) {
	items, least := 0, cmp.Or(g.max, b.relay.timelines.MaxItems())/healPart
	for i, result := range g.results {
		if g.errs[i] != nil || result.Room == 0 {
			continue
		}
		if items = result.Room; g.fans[i] == (fanID{}) && !b.relay.rooms.isDear(g.key) {
			least = 0
		}
	}
	if items > least {
		b.rooms[g.key] = room{key: g.key, items: items}
	}
}

// heal heals timelines that this batch has written.
func (b *batch) heal(ctx context.Context) {
	if ctx.Err() != nil || len(b.rooms) == 0 {
		return
	}
	some, others := first(b.roomy())
	b.relay.rooms.put(others...)
	b.relay.heal(ctx, b.outbox, some)
}

// roomy returns the timelines that have got room.
func (b *batch) roomy() (all []room) {
	for _, one := range b.rooms {
		all = append(all, one)
	}
	return all
}

// healWaiting heals timelines that wait for it, and returns how many.
func (r *Relay) healWaiting(ctx context.Context, o *outbox.Outbox) int {
	some := r.rooms.take()
	r.heal(ctx, o, some)
	return len(some)
}

// healing is a timeline that is healed.
type healing struct {
	room

	capacity int
	ops      []timak.Op
	rows     int // that were read for them
	err      error
}

// heal brings items back to timelines that have got room for them. An error keeps no change
// from being settled.
func (r *Relay) heal(ctx context.Context, o *outbox.Outbox, some []room) {
	var all []*healing
	for _, one := range some {
		if capacity, heals := r.healer.Capacity(one.key); heals {
			all = append(all, &healing{room: one, capacity: capacity})
		}
	}
	if len(all) == 0 {
		return
	}
	err := r.healAll(ctx, o, all)
	for _, h := range all {
		if err := cmp.Or(err, h.err); err != nil {
			r.notHealed(ctx, h.room, err)
		}
	}
}

// healAll reads what timelines lack, and then writes it. The error concerns them all.
func (r *Relay) healAll(ctx context.Context, o *outbox.Outbox, all []*healing) error {
	moment, err := o.NewMoment(ctx, r.tables.Sorted()[0])
	if err != nil {
		return err
	}
	each(r.sideBySide(), len(all), func(n int) { all[n].read(ctx, r, o, moment) })
	if moment, err = o.Moment(ctx); err != nil {
		return err
	}
	each(r.opts.Writers, len(all), func(n int) { all[n].write(ctx, r, moment) })
	return nil
}

// read looks how much room there is, and for what.
func (h *healing) read(ctx context.Context, r *Relay, o *outbox.Outbox, moment int64) {
	defer recovered(&h.err)
	entries, err := r.timelines.Entries(ctx, h.key)
	if err != nil {
		h.err = err
		return
	}
	h.items = entries.Room(h.capacity)
	if h.items == 0 {
		return
	}
	floor, _ := entries.Floor()
	h.ops, h.rows, h.err = r.healer.Ops(ctx, o.DB, h.key, floor, min(h.items, healItems), moment)
}

// write writes what was read.
func (h *healing) write(ctx context.Context, r *Relay, moment int64) {
	if h.err != nil || len(h.ops) == 0 {
		return
	}
	defer recovered(&h.err)
	results, err := r.timelines.Bounded(h.capacity).AsOf(moment).Apply(ctx, h.key, h.ops...)
	if err != nil {
		h.err = err
		return
	}
	r.counters.wrote(len(h.ops))
	r.opts.Watchers.Tell(h.key)
	if results[len(results)-1].Outcome != timak.Applied {
		h.err = errOvertaken
		return
	}
	r.counters.healed.Add(1)
	r.rooms.setDear(h.key, h.rows > dearRows)
	if h.items > healItems {
		r.rooms.put(room{key: h.key, items: h.items - healItems})
	}
}

// errOvertaken is returned for a timeline that somebody has written meanwhile.
var errOvertaken = errors.New("others have written the timeline meanwhile")

// notHealed lets a timeline wait that could not be healed, and logs why. Others who write,
// rows that they have locked, and a store that is away are no fault.
func (r *Relay) notHealed(ctx context.Context, one room, err error) {
	r.rooms.again(one)
	if ctx.Err() != nil {
		return
	}
	log := r.opts.Log.WarnContext
	if dialect.Contended(err) || isOutage(err) || isOneOf(err, errOvertaken, timak.ErrCorrupt) {
		log = r.opts.Log.DebugContext
	}
	log(ctx, "timak: a timeline has room and could not be filled up; trying again", "key", one.key, "error", err)
}
