package timakgorm

import (
	"context"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Stats say how far the timelines are behind, and what the relay of this
// process has done since New.
type Stats struct {
	// State of the outbox, for all processes.
	Waiting int64         // changes of tracked tables that are not applied yet
	Oldest  time.Duration // age of the oldest of these; 0 if there are none
	Dead    int64         // dead letters of tracked tables

	// Lost is how long it is known that the store lacks timelines which it has lost,
	// or which are in another store; 0 if nothing is known to be missing. Rebuild or
	// Options.RebuildAfterLoss makes it good.
	Lost time.Duration

	// Counts of this process.
	Applied   int64 // changes applied
	Retried   int64 // failed attempts that postponed a change; not counting outages that pause the relay
	Buried    int64 // changes that became dead letters
	Anew      int64 // changes that came too late and were recorded again
	Writes    int64 // writes of timelines
	Ops       int64 // puts and removals in these writes
	Errors    int64 // rounds of the relay that failed, entirely or for some changes
	Delivered int64 // commits whose changes were readable when they returned, with Options.Deliver OnCommit
	Left      int64 // commits that were left to the relay instead
	Losses    int64 // times that this process was the first to find that the store has lost timelines
	Healed    int64 // times that a timeline which had room got back from the tables what it lacked

	Watches int64 // calls of Plugin.Watch that are open

	Pages       int64 // pages that Plugin.Page has returned
	PagesBeyond int64 // of these, pages for which it asked the tables
	ItemsBeyond int64 // items of pages that came from the tables
}

// OpsPerWrite is how many puts and removals a write of a timeline has carried on
// average: the more, the larger the batches. It is 0 before the first write.
func (s Stats) OpsPerWrite() float64 {
	if s.Writes == 0 {
		return 0
	}
	return float64(s.Ops) / float64(s.Writes)
}

// Stats reads the state of the outbox and returns it with the counts of this
// process. It counts all changes that wait: if there may be millions, do not call
// it every second.
func (p *Plugin) Stats(ctx context.Context) (Stats, error) {
	s := p.counted()
	o, err := p.outbox()
	if err != nil {
		return s, err
	}
	b, err := o.Backlog(ctx)
	s.Waiting, s.Oldest, s.Dead = b.Waiting, b.Oldest, b.Dead
	if err != nil {
		return s, outbox.Explain(err)
	}
	since, err := o.LostSince(ctx)
	if !since.IsZero() {
		s.Lost = max(time.Since(since), 1)
	}
	return s, outbox.Explain(err)
}

// oldest returns the age of the oldest change that waits; 0 if none does.
func (p *Plugin) oldest(ctx context.Context) (time.Duration, error) {
	o, err := p.outbox()
	if err != nil {
		return 0, err
	}
	b, err := o.Backlog(ctx)
	return b.Oldest, err
}

// counted returns the counts of this process.
func (p *Plugin) counted() Stats {
	if p.relay == nil {
		return Stats{}
	}
	c := p.relay.Counts()
	return Stats{
		Applied: c.Applied, Retried: c.Retried, Buried: c.Buried, Anew: c.Anew, Writes: c.Writes, Ops: c.Ops,
		Errors: c.Errors, Delivered: c.Delivered, Left: c.Left, Losses: c.Losses, Healed: c.Healed,
		Watches: int64(p.watchers.Open()), Pages: p.pages.read.Load(), PagesBeyond: p.pages.beyond.Load(), ItemsBeyond: p.pages.items.Load(),
	}
}
