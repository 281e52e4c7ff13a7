package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Deliver says when a committed change becomes readable.
type Deliver uint8

const (
	// InBackground leaves it to the relay, Plugin.Run, in this process or
	// another: soon after the commit.
	InBackground Deliver = iota
	// OnCommit has the commit wait until what it changed is readable: Create,
	// Save, Delete, Transaction and Commit return after that, within
	// Options.DeliverTimeout and the context of the transaction. A commit never
	// fails for it: when the store is slow or cannot be reached, the write
	// returns all the same, without its timelines, and the relay catches up;
	// while an outage lasts, most writes do not wait at all. So Run is needed as
	// well. A transaction that is not opened through the plugin's db.ConnPool, as
	// in db.Connection or under another plugin's pool, is left to the relay.
	//
	// With Triggers the commit waits for whatever they have recorded in the
	// transaction, by cascades, functions and triggers of other tables too. A
	// statement outside of any gets one: Create, Update and Delete of every model,
	// and by db.Exec or Raw(…).Find a text whose statements all begin with INSERT,
	// UPDATE, DELETE, REPLACE, MERGE, TRUNCATE, COPY, WITH, EXPLAIN or DO; by
	// db.Exec on Postgres SELECT, VALUES and EXECUTE as well. Left to the relay are
	// all other texts outside of a transaction: of a SELECT that GORM reads nobody
	// sees what its functions write, CALL and what has COMMIT or ROLLBACK in it may
	// end transactions, DDL may not bear one; and db.Raw(…).Scan, Row and Rows, as
	// nothing tells when the rows have been read. db.Transaction around them waits.
	OnCommit
)

// errUndelivered is returned for a change that stays for the relay.
var errUndelivered = errors.New("the timelines follow later")

// deliveries are the commits that wait to be readable. Those that come while
// a round is under way go together into the next: one round for many commits.
// They do not wait for the relay's own rounds, which may have a long way to
// catch up; a change that both apply counts once.
type deliveries struct {
	breaker breaker

	mu      sync.Mutex
	waiting []*delivery
	busy    bool
}

// delivery is one commit's changes.
type delivery struct {
	ids  []int64
	done chan error
}

// deliver makes the changes of a transaction that has just been committed
// readable, or leaves them to the relay.
func (p *Plugin) deliver(ctx context.Context, ids []int64) {
	if len(ids) == 0 {
		return
	}
	trial, pass := p.deliveries.breaker.pass(p.opts.DeliverTimeout)
	if !pass {
		p.counters.left.Add(1)
		p.wake()
		return
	}
	d := &delivery{ids, make(chan error, 1)}
	if p.deliveries.join(d) {
		go p.deliverAll()
	}
	timer := time.NewTimer(p.opts.DeliverTimeout)
	defer timer.Stop()
	var err error
	select {
	case err = <-d.done:
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = context.DeadlineExceeded
		p.deliveries.breaker.lapse(trial)
	}
	p.deliveries.quit(d)
	if err == nil {
		p.counters.delivered.Add(1)
		return
	}
	p.counters.left.Add(1)
	p.opts.Logger.WarnContext(ctx, "timak: a commit is left to the relay; its timelines follow later", "changes", len(ids), "error", err)
	p.wake()
}

// join queues a delivery, and reports whether somebody must begin to deliver.
func (ds *deliveries) join(d *delivery) (first bool) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.waiting = append(ds.waiting, d)
	first = !ds.busy
	ds.busy = true
	return first
}

// quit takes a delivery that nobody waits for any more out of the queue, if it
// is still there.
func (ds *deliveries) quit(d *delivery) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if i := slices.Index(ds.waiting, d); i >= 0 {
		ds.waiting = slices.Delete(slices.Clone(ds.waiting), i, i+1)
	}
}

// next takes the deliveries of a round: as many as make a batch, and one at
// least. It returns none when all are done.
func (ds *deliveries) next(batch int) []*delivery {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	n, changes := 0, 0
	for n < len(ds.waiting) && (n == 0 || changes+len(ds.waiting[n].ids) <= batch) {
		changes += len(ds.waiting[n].ids)
		n++
	}
	round := ds.waiting[:n:n]
	ds.waiting = ds.waiting[n:]
	ds.busy = n > 0
	return round
}

// deliverAll takes rounds until nobody waits. No single commit's context ends
// what others wait for too.
func (p *Plugin) deliverAll() {
	for {
		round := p.deliveries.next(p.opts.Batch)
		if len(round) == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), p.opts.DeliverTimeout)
		p.deliverRound(ctx, round)
		cancel()
	}
}

// deliverRound applies the changes of some commits, and tells each what came of
// its own.
func (p *Plugin) deliverRound(ctx context.Context, round []*delivery) {
	failed, err := p.relayOf(ctx, round)
	outage := err != nil
	for _, d := range round {
		result := err
		for _, id := range d.ids {
			if failed[id] != nil {
				result = failed[id]
				outage = outage || isOutage(result)
				break
			}
		}
		d.done <- result
	}
	if outage {
		p.deliveries.breaker.trip()
	} else {
		p.deliveries.breaker.reset()
	}
}

// relayOf applies the changes of some commits, with what else waits of the same
// rows. What cannot be applied now is left as it is for the relay, and returned
// with the reason.
func (p *Plugin) relayOf(ctx context.Context, round []*delivery) (failed map[int64]error, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("timakgorm: panic: %v", r)
		}
	}()
	o, err := p.outbox()
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, d := range round {
		ids = append(ids, d.ids...)
	}
	slices.Sort(ids)
	changes, err := o.ofRows(ctx, ids, ids[0]-outboxPage) // such as were left a moment ago
	if err != nil {
		return nil, err
	}
	b := p.newBatch(o, changes, false)
	b.apply(ctx)
	s, failed := b.delivered()
	if err := o.settle(ctx, s); err != nil { // they are readable, and will be applied once more
		p.opts.Logger.WarnContext(ctx, "timak: changes are applied, but stay in the outbox for now", "changes", len(s.done), "error", err)
		return failed, nil
	}
	p.counters.settled(s, 0, 0)
	return failed, nil
}

// delivered returns the changes that are applied, and why the others are not.
func (b *batch) delivered() (s settlement, failed map[int64]error) {
	failed = map[int64]error{}
	for _, f := range b.folds {
		failure := errors.Join(f.err, errors.Join(b.failed[f]...))
		if failure == nil && (len(b.stale[f]) > 0 || f.outdated || f.foreign()) {
			failure = errUndelivered
		}
		if failure == nil {
			s.finish(f)
			continue
		}
		for _, id := range f.ids() {
			failed[id] = failure
		}
	}
	return s, failed
}

// breaker keeps commits from waiting for a store that is away: after a failure
// they are left to the relay for a while, then one of them tries.
type breaker struct {
	until atomic.Int64 // nanoseconds; 0: nothing is amiss
	wait  atomic.Int64 // the last pause
}

// The pauses after failures, doubled each time up to a limit.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 10 * time.Second
)

// pass reports whether a commit may wait for its delivery, and since when it may.
// After a pause one of many may, and patience is how long the others leave theirs
// to the relay until its outcome is known.
func (b *breaker) pass(patience time.Duration) (since int64, pass bool) {
	until := b.until.Load()
	if until == 0 {
		return 0, true
	}
	now := time.Now()
	since = now.Add(patience).UnixNano()
	return since, now.UnixNano() >= until && b.until.CompareAndSwap(until, since)
}

func (b *breaker) trip() {
	wait := min(max(2*time.Duration(b.wait.Load()), firstPause), lastPause)
	b.wait.Store(int64(wait))
	b.until.Store(time.Now().Add(wait).UnixNano())
}

// lapse is trip for a commit that has waited in vain, as with a store that answers
// to nothing: its round says no more than that. The first of many trips it for
// all that were let pass since then.
func (b *breaker) lapse(since int64) {
	if b.until.CompareAndSwap(since, time.Now().Add(firstPause).UnixNano()) {
		b.trip()
	}
}

func (b *breaker) reset() {
	b.until.Store(0)
	b.wait.Store(0)
}
