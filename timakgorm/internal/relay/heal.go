package relay

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/heal"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// A timeline from which items were removed is healed before the removals leave the outbox: if
// the relay dies in between, they come again. Only those that a commit has delivered, or that
// were too many for the batch, are healed later.

func (r *Relay) newHealer(timelines *timak.Timelines, ts *dialect.Tables, audiences *audience.Audiences) *heal.Healer {
	return heal.New(timelines, ts, audiences, heal.Options{
		AtOnce: r.sideBySide, Outage: isOutage, Log: r.opts.Log,
		Wrote: func(ops int, healed bool) {
			r.counters.wrote(ops)
			if healed {
				r.counters.healed.Add(1)
			}
		},
	})
}

// noteRoom notes a timeline that has got room for items which it lacks.
func (b *batch) noteRoom(g *group) {
	items, least := 0, cmp.Or(g.max, b.relay.timelines.MaxItems())/heal.Part
	for i, result := range g.results {
		if g.errs[i] != nil || result.Room == 0 {
			continue
		}
		if items = result.Room; g.fans[i] == (fanID{}) && !b.relay.healer.Dear(g.key) {
			least = 0
		}
	}
	if items > least {
		b.rooms[g.key] = heal.Room{Key: g.key, Items: items}
	}
}

// heal heals the timelines that have got room. Other processes are told of them with the
// batch.
func (b *batch) heal(ctx context.Context) {
	for _, key := range b.relay.healer.Heal(ctx, b.outbox, slices.Collect(maps.Values(b.rooms))) {
		b.relay.opts.Watchers.Tell(key)
		b.written = append(b.written, key)
	}
}

// healNext heals timelines that wait for it, and returns how many.
func (r *Relay) healNext(ctx context.Context, o *outbox.Outbox) int {
	n, written := r.healer.Next(ctx, o)
	if len(written) > 0 {
		r.Tell(ctx, written...)
	}
	return n
}

// healLater leaves them to the relay: no commit waits for that.
func (b *batch) healLater() {
	if len(b.rooms) > 0 {
		b.relay.healer.Wait(slices.Collect(maps.Values(b.rooms))...)
		b.relay.Wake()
	}
}
