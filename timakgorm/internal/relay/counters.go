package relay

import (
	"sync/atomic"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// counters count what the relay does.
type counters struct {
	applied, retried, buried, anew, writes, ops, errors, delivered, left, losses, healed atomic.Int64
}

// wrote counts one write of a timeline.
func (c *counters) wrote(ops int) {
	c.writes.Add(1)
	c.ops.Add(int64(ops))
}

// settled counts what became of a batch: anew of its changes were recorded anew, and
// left were left to other programs.
func (c *counters) settled(s outbox.Settlement, anew, left int) {
	c.applied.Add(int64(len(s.Done) - anew))
	c.anew.Add(int64(anew))
	c.buried.Add(int64(len(s.Dead)))
	c.retried.Add(int64(len(s.Late) - left))
}

// Counts are what a relay has done since it was created; timakgorm.Stats describes
// them.
type Counts struct {
	Applied, Retried, Buried, Anew, Writes, Ops, Errors, Delivered, Left, Losses, Healed int64
}

// Counts returns the counts so far.
func (r *Relay) Counts() Counts {
	c := &r.counters
	return Counts{
		Applied: c.applied.Load(), Retried: c.retried.Load(), Buried: c.buried.Load(), Anew: c.anew.Load(),
		Writes: c.writes.Load(), Ops: c.ops.Load(), Errors: c.errors.Load(),
		Delivered: c.delivered.Load(), Left: c.left.Load(), Losses: c.losses.Load(), Healed: c.healed.Load(),
	}
}
