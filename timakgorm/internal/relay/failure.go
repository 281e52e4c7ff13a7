package relay

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// maxAttempts is how often a change is tried before it becomes a dead letter;
// with the waits of putOff that is about an hour. Outages do not count.
const maxAttempts = 20

// overLimit reports whether an error says that a timeline takes an item from
// nobody, as something of it is over a limit.
func overLimit(err error) bool {
	return isOneOf(err, timak.ErrKey, timak.ErrID, timak.ErrSource, timak.ErrData, timak.ErrDate)
}

// permanent reports whether trying again cannot help.
func permanent(err error) bool {
	return overLimit(err) || isOneOf(err, timak.ErrVersion, timak.ErrCorrupt, driver.ErrTooLarge)
}

func isOneOf(err error, sentinels ...error) bool {
	return slices.ContainsFunc(sentinels, func(sentinel error) bool { return errors.Is(err, sentinel) })
}

// blamesOp reports whether an error of a timeline may be about one of the ops
// alone, which the others would survive.
func blamesOp(err error) bool {
	return permanent(err) && !errors.Is(err, timak.ErrKey) && !errors.Is(err, timak.ErrCorrupt)
}

// hopeless reports whether a change is to be given up, by the errors of its
// timelines. As long as one of those may take it later, it is not.
func hopeless(f *rowFold, errs []error) bool {
	if slices.ContainsFunc(errs, isOutage) {
		return false
	}
	passing := func(err error) bool { return !permanent(err) }
	return !slices.ContainsFunc(errs, passing) || f.last().Attempts+1 >= maxAttempts
}

// isOutage reports whether an error says that the store cannot be reached, and
// nothing about the change.
func isOutage(err error) bool {
	return errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// outage reports whether the store is away: none of several timelines could be
// reached. Then the changes stay as they are, and the relay pauses. A single
// timeline may be away by itself: its changes are put off, and the others go on.
func (b *batch) outage() bool { return !b.reached && b.away > 1 }

// The waits of a change between two tries: doubled each time, up to a limit,
// and spread by half so that changes which failed together come back apart.
const (
	firstWait = time.Second
	lastWait  = 5 * time.Minute
)

// lastOutageWait is the longest wait for a timeline that cannot be reached. Tries
// do not count then, and it is the age of a change that makes its waits longer.
const lastOutageWait = 30 * time.Second

// settle deletes the changes that are done, records anew those that came too
// late, buries those that cannot be applied and puts off the rest.
func (b *batch) settle(ctx context.Context, came *outcome) (reason error) {
	s, anew, reason := b.verdict(ctx)
	recorded, failures := b.recordAnew(ctx, anew)
	for _, f := range recorded {
		s.Finish(f.changes)
	}
	for f, failure := range failures {
		s.Late = append(s.Late, putOff(f, failure)...)
		reason = failure
	}
	left := b.leave(ctx, &s)
	if err := b.outbox.Settle(ctx, s); err != nil {
		return err
	}
	b.relay.counters.settled(s, changesOf(recorded), left)
	came.settled, came.late, came.left = len(s.Done)+len(s.Dead), len(s.Late)-left, left
	return reason
}

// verdict decides what becomes of each row's changes but for those that are left
// to others. The error is the first reason why some stay.
func (b *batch) verdict(ctx context.Context) (s outbox.Settlement, anew []*rowFold, reason error) {
	outage := b.outage()
	for _, f := range b.folds {
		failure := errors.Join(f.err, model.JoinDistinct(b.failed[f]))
		switch {
		case failure == nil && f.foreign():
			continue
		case failure == nil && (len(b.stale[f]) > 0 || f.outdated):
			anew = append(anew, f)
		case failure == nil:
			s.Finish(f.changes)
		case hopeless(f, b.failed[f]):
			b.relay.opts.Log.ErrorContext(ctx, givenUp(f, b.failed[f]),
				"table", f.last().Table, "pk", f.last().PK, "changes", len(f.changes), "error", failure)
			s.Bury(f.changes, failure)
		default:
			if reason == nil {
				reason = failure
			}
			if !outage || b.full { // in a full batch, others may wait behind these
				s.Late = append(s.Late, putOff(f, failure)...)
			}
		}
	}
	return s, anew, reason
}

// givenUp says what it means that a row's changes are given up.
func givenUp(f *rowFold, errs []error) string {
	if f.unplaceable || len(errs) > 0 && !slices.ContainsFunc(errs, func(err error) bool { return !overLimit(err) }) {
		return "timak: a row is unplaceable: it is on no timeline until it is mended; its change is a dead letter now"
	}
	return "timak: a change cannot be applied; it is a dead letter now"
}

// putOff returns when a row's changes are to be tried again.
func putOff(f *rowFold, reason error) []outbox.Fate {
	attempts := f.last().Attempts
	wait := min(firstWait<<min(attempts, 16), lastWait)
	if isOutage(reason) {
		age := time.Since(time.UnixMicro(f.last().Version))
		wait = min(max(age/4, firstWait), lastOutageWait)
	} else {
		attempts++
	}
	return fatesOf(f, wait, attempts, reason)
}

// fatesOf puts a row's changes off by a time between half of a wait and one and
// a half.
func fatesOf(f *rowFold, wait time.Duration, attempts int, reason error) []outbox.Fate {
	until := time.Now().Add(wait/2 + rand.N(wait)).UnixMicro()
	var fates []outbox.Fate
	for _, id := range f.ids() {
		fates = append(fates, outbox.Fate{ID: id, RunAt: until, Attempts: attempts, Error: reason.Error()})
	}
	return fates
}

// changesOf returns how many changes some rows have.
func changesOf(folds []*rowFold) (n int) {
	for _, f := range folds {
		n += len(f.changes)
	}
	return n
}
