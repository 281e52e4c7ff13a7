package relay

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Why a change is left to the relay.
var (
	errUndelivered = errors.New("the change came too late, or programs have different rules")
	errWide        = errors.New("the change has more to write than fits in one batch")
)

// deliveries is the queue of commits that wait until their changes are readable. The
// commits that come during a round share the next one. They do not wait for the
// relay's own rounds, which may have much to catch up on. Applying a change is
// idempotent, so both may apply it.
type deliveries struct {
	breaker breaker

	mu      sync.Mutex
	waiting []*delivery
	busy    bool
}

// delivery is a commit that waits for its changes.
type delivery struct {
	ids  []int64
	done chan error
}

// Deliver applies the changes with these ids, of a transaction that has just been
// committed. It returns when they are readable, or leaves them to the relay after
// Options.Patience, at the end of ctx or if they cannot be applied now.
func (r *Relay) Deliver(ctx context.Context, ids []int64) {
	if len(ids) == 0 {
		return
	}
	trial, pass := r.deliveries.breaker.pass(r.opts.Patience)
	if !pass {
		r.counters.left.Add(1)
		r.Wake()
		return
	}
	d := &delivery{ids, make(chan error, 1)}
	if r.deliveries.join(d) {
		go r.deliverAll()
	}
	timer := time.NewTimer(r.opts.Patience)
	defer timer.Stop()
	var err error
	select {
	case err = <-d.done:
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = context.DeadlineExceeded
		r.deliveries.breaker.lapse(trial)
	}
	r.deliveries.quit(d)
	if err == nil {
		r.counters.delivered.Add(1)
		return
	}
	r.counters.left.Add(1)
	level := slog.LevelWarn
	if errors.Is(err, errWide) { // as it is meant to be
		level = slog.LevelDebug
	}
	r.opts.Log.Log(ctx, level, "timak: a commit is left to the relay; its timelines follow later", "changes", len(ids), "error", err)
	r.Wake()
}

// join queues a delivery, and reports whether the caller must start deliverAll.
func (ds *deliveries) join(d *delivery) (first bool) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.waiting = append(ds.waiting, d)
	first = !ds.busy
	ds.busy = true
	return first
}

// quit removes a delivery from the queue if it is still there.
func (ds *deliveries) quit(d *delivery) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if i := slices.Index(ds.waiting, d); i >= 0 {
		ds.waiting = slices.Delete(slices.Clone(ds.waiting), i, i+1)
	}
}

// next takes the deliveries of a round from the queue: as many as fit in a batch, and
// at least one. It returns none when the queue is empty.
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

// deliverAll runs rounds until the queue is empty. A round has a context of its own, so
// that the end of one commit's context does not end what others wait for.
func (r *Relay) deliverAll() {
	for {
		round := r.deliveries.next(r.opts.Batch)
		if len(round) == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), r.opts.Patience)
		r.deliverRound(ctx, round)
		cancel()
	}
}

// deliverRound applies the changes of some commits, and tells each the result.
func (r *Relay) deliverRound(ctx context.Context, round []*delivery) {
	failed, err := r.relayOf(ctx, round)
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
		r.deliveries.breaker.trip()
	} else {
		r.deliveries.breaker.reset()
	}
}

// relayOf applies the changes of some commits, and other changes of the same rows.
// Changes that cannot be applied now stay in the outbox for the relay, and are
// returned with the reason, by id.
func (r *Relay) relayOf(ctx context.Context, round []*delivery) (failed map[int64]error, err error) {
	defer recovered(&err)
	o, err := r.Outbox()
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, d := range round {
		ids = append(ids, d.ids...)
	}
	slices.Sort(ids)
	since, err := r.since(ctx, o)
	if err != nil {
		return nil, err
	}
	changes, err := o.OfRows(ctx, ids, ids[0]-outbox.PageSize) // and those that commits have just left to the relay
	if err != nil {
		return nil, err
	}
	b := r.newBatch(o, since, changes, false)
	if err := b.apply(ctx); err != nil {
		return nil, err
	}
	b.healLater()
	s, failed := b.delivered(ids)
	err = r.forget(ctx, o, s, since)
	if unsure(err) {
		return nil, err
	}
	if err != nil { // the changes are readable, and the relay applies them again
		r.opts.Log.WarnContext(ctx, "timak: changes are applied, but stay in the outbox for now", "changes", len(s.Done), "error", err)
		return failed, nil
	}
	r.counters.settled(s, 0, 0)
	return failed, nil
}

// delivered returns the changes that are applied, and of those with some ids why the others
// are not.
func (b *batch) delivered(ids []int64) (s outbox.Settlement, failed map[int64]error) {
	s, failed = b.newSettlement(), map[int64]error{}
	for _, id := range ids { // those after a change that goes on are in no fold
		failed[id] = errWide
	}
	outage := b.outage()
	for _, f := range b.folds {
		for _, id := range f.ids() {
			delete(failed, id)
		}
		if b.pass(f, outage) && f.unfinished && !f.repeat && !f.elsewhere {
			b.keepProgress(&s, f)
		}
		failure := b.undelivered(f)
		if failure == nil {
			s.Finish(f.changes)
			continue
		}
		for _, id := range f.ids() {
			failed[id] = failure
		}
	}
	return s, failed
}

// undelivered returns why a row's changes are left to the relay; nil if they are not.
func (b *batch) undelivered(f *rowFold) error {
	switch failure := errors.Join(f.err, errors.Join(b.errorsOf(f)...), errors.Join(b.skips[f]...)); {
	case failure != nil:
		return failure
	case f.elsewhere:
		return errElsewhere
	case b.locked[f]:
		return errLocked
	case f.unfinished || f.repeat:
		return errWide
	case len(b.stale[f]) > 0 || f.outdated || f.foreign():
		return errUndelivered
	default:
		return nil
	}
}
