package timakgorm

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Stats say how far the timelines are behind, and what the relay of this
// process has done since New.
type Stats struct {
	// Of the outbox, whoever relays it.
	Waiting int64         // changes of tracked tables that are not applied yet
	Oldest  time.Duration // age of the oldest of these; 0 if there is none
	Dead    int64         // dead letters of tracked tables

	// Of this process.
	Applied   int64 // changes applied
	Retried   int64 // tries that failed and put a change off; outages that pause the relay not counted
	Buried    int64 // changes that became dead letters
	Anew      int64 // changes that came too late, and were recorded anew
	Writes    int64 // writes of timelines
	Ops       int64 // puts and removals in these writes
	Errors    int64 // rounds of the relay that failed, wholly or for some changes
	Delivered int64 // commits that were readable when they returned, with Options.Deliver OnCommit
	Left      int64 // commits that were left to the relay instead
}

// OpsPerWrite is how many puts and removals one write of a timeline has
// carried: the more, the larger the batches. It is 0 before the first.
func (s Stats) OpsPerWrite() float64 {
	if s.Writes == 0 {
		return 0
	}
	return float64(s.Ops) / float64(s.Writes)
}

// Stats reads the state of the outbox and what has been counted so far. It
// counts all changes that wait: where there may be millions, do not ask it
// every second.
func (p *Plugin) Stats(ctx context.Context) (Stats, error) {
	s := p.counters.stats()
	o, err := p.outbox()
	if err != nil {
		return s, err
	}
	among, args := o.among(selection{})
	var oldest, now int64
	// A version is the time of its change.
	err = o.db.QueryRowContext(ctx, o.dialect.bind(`SELECT count(*), coalesce(min(version), 0), `+o.dialect.micros()+`,
		(SELECT count(*) FROM timak_dead WHERE `+among+`) FROM timak_outbox WHERE `+among), append(args, args...)...).
		Scan(&s.Waiting, &oldest, &now, &s.Dead)
	if err != nil {
		return s, fmt.Errorf("timakgorm: stats: %w", err)
	}
	if now == 0 {
		now = time.Now().UnixMicro()
	}
	if s.Waiting > 0 { // a version runs ahead of a clock that was set back
		s.Oldest = max(0, time.Duration(now-oldest)*time.Microsecond)
	}
	return s, nil
}

// micros is the database's clock in microseconds; 0 if it is that of our
// process.
func (d dialect) micros() string {
	if d.clock {
		return "0"
	}
	return d.now
}

// counters count what the relay does.
type counters struct {
	applied, retried, buried, anew, writes, ops, errors, delivered, left atomic.Int64
}

// wrote counts one write of a timeline.
func (c *counters) wrote(ops int) {
	c.writes.Add(1)
	c.ops.Add(int64(ops))
}

// settled counts what became of a batch, in which some changes were recorded
// anew and some left to other programs.
func (c *counters) settled(s settlement, anew, left int) {
	c.applied.Add(int64(len(s.done) - anew))
	c.anew.Add(int64(anew))
	c.buried.Add(int64(len(s.dead)))
	c.retried.Add(int64(len(s.late) - left))
}

func (c *counters) stats() Stats {
	return Stats{
		Applied: c.applied.Load(), Retried: c.retried.Load(), Buried: c.buried.Load(), Anew: c.anew.Load(),
		Writes: c.writes.Load(), Ops: c.ops.Load(), Errors: c.errors.Load(),
		Delivered: c.delivered.Load(), Left: c.left.Load(),
	}
}
