package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// maxAttempts is how often a change is tried before it becomes a dead letter. With
// the waits of putOff that takes about an hour. Outages do not count.
const maxAttempts = 20

// overLimit reports whether an error says that an item is over a limit of the
// timeline, whoever puts it.
func overLimit(err error) bool {
	return isOneOf(err, timak.ErrKey, timak.ErrID, timak.ErrSource, timak.ErrData, timak.ErrDate)
}

// permanent reports whether a retry cannot help.
func permanent(err error) bool {
	return overLimit(err) || isOneOf(err, timak.ErrVersion, timak.ErrCorrupt, driver.ErrTooLarge)
}

func isOneOf(err error, sentinels ...error) bool {
	return slices.ContainsFunc(sentinels, func(sentinel error) bool { return errors.Is(err, sentinel) })
}

// blamesOp reports whether an error of a timeline may be about only one of the ops, so
// that the others could be applied.
func blamesOp(err error) bool {
	return permanent(err) && !errors.Is(err, timak.ErrKey) && !errors.Is(err, timak.ErrCorrupt)
}

// recovered turns a panic into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("timakgorm: panic: %v", r)
	}
}

// hopeless reports, by the errors of its timelines, whether a row's changes become dead
// letters. They do not while one of the timelines may take them later.
func hopeless(f *rowFold, errs []error) bool {
	if slices.ContainsFunc(errs, isOutage) {
		return false
	}
	return lasting(errs) || f.last().Attempts+1 >= maxAttempts
}

// lasting reports whether a retry can help with none of some errors.
func lasting(errs []error) bool {
	return !slices.ContainsFunc(errs, func(err error) bool { return !permanent(err) })
}

// isOutage reports whether an error says only that the store cannot be reached, and
// nothing about the change.
func isOutage(err error) bool {
	return errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// outage reports whether the store cannot be reached: it has answered for none of
// several timelines. Then the changes stay as they are, and the relay pauses. A single
// timeline may be unreachable by itself: its changes are put off, and the others go
// on.
func (b *batch) outage() bool { return !b.reached && b.away > 1 }

// The first and the longest wait of a change between two tries. Each wait is twice the
// one before, and varies by half, so that changes which failed together come back at
// different times.
const (
	firstWait = time.Second
	lastWait  = 5 * time.Minute
)

// lastAgeWait is the longest wait for a timeline that cannot be reached, or for a lock.
// Such tries do not count; the waits grow with the age of the change.
const lastAgeWait = 30 * time.Second

func waitByAge(f *rowFold) time.Duration {
	age := time.Since(time.UnixMicro(f.last().Version))
	return min(max(age/4, firstWait), lastAgeWait)
}

// errLocked is returned for a change that needs rows which a writer has locked. Such tries
// do not count; the waits grow with the age of the change, so that changes which wait for
// long do not hold up others.
var errLocked = errors.New("a transaction has locked rows that the change needs: it goes on when that has ended")

// errElsewhere is returned for a change that another relay has claimed, and elsewhereWait
// is the time until the next try. It does not count.
var errElsewhere = errors.New("another relay applies the change")

const elsewhereWait = 200 * time.Millisecond

// settle deletes the changes that are applied, records anew those that came too late,
// makes dead letters of those that cannot be applied, and puts off the rest.
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
	if err := b.relay.forget(ctx, b.outbox, s, b.since); err != nil {
		return err
	}
	b.relay.counters.settled(s, changesOf(recorded), left)
	came.settled, came.late, came.left = len(s.Done)+len(s.Dead), len(s.Late)-left, left
	came.more = came.more || slices.ContainsFunc(b.folds, func(f *rowFold) bool { return f.unfinished || f.repeat })
	return reason
}

// verdict decides what becomes of each row's changes, except those that are left to
// programs with other rules. The error is the first reason why some stay.
func (b *batch) verdict(ctx context.Context) (s outbox.Settlement, anew []*rowFold, reason error) {
	s = b.newSettlement()
	outage := b.outage()
	for _, f := range b.folds {
		passed := b.pass(f, outage)
		switch {
		case f.elsewhere:
			s.Late = append(s.Late, fatesOf(f, elsewhereWait, f.last().Attempts, errElsewhere)...)
			continue
		case f.repeat:
			continue
		case f.unfinished && passed && !b.locked[f] && lasting(b.failed[f]): // all the rest is decided at the end
			b.keepProgress(&s, f)
			continue
		}
		failure := errors.Join(f.err, model.JoinDistinct(b.errorsOf(f)))
		switch given := b.given(f, passed); {
		case failure == nil && b.locked[f]:
			s.Late = append(s.Late, fatesOf(f, waitByAge(f), f.last().Attempts, errLocked)...)
			b.keepProgress(&s, f)
		case failure == nil && f.foreign():
		case failure == nil && (len(b.stale[f]) > 0 || f.outdated):
			anew = append(anew, f)
		case failure == nil:
			s.Finish(f.changes)
		case given:
			b.relay.opts.Log.ErrorContext(ctx, givenUp(f, b.errorsOf(f)),
				"table", f.last().Table, "pk", f.last().PK, "changes", len(f.changes), "error", failure)
			s.Bury(f.changes, failure)
		default:
			reason = cmp.Or(reason, failure)
			b.postpone(&s, f, failure, passed, outage)
		}
	}
	return s, anew, reason
}

// errorsOf returns the errors of a row's timelines and ops.
func (b *batch) errorsOf(f *rowFold) []error { return slices.Concat(b.failed[f], b.refused[f]) }

// given reports whether a row's changes become dead letters, if they have failed. If so
// many timelines cannot be written that the others wait, they do so for a while.
func (b *batch) given(f *rowFold, passed bool) bool {
	return hopeless(f, b.errorsOf(f)) && (passed || f.last().Attempts+1 >= maxAttempts)
}

// postpone puts off a row's changes, and keeps how far they have come.
func (b *batch) postpone(s *outbox.Settlement, f *rowFold, failure error, passed, outage bool) {
	if !outage || b.full { // after a full batch, other changes may be due
		s.Late = append(s.Late, putOff(f, failure)...)
	}
	if passed && len(f.marks) > 0 {
		b.keepProgress(s, f)
	}
}

// givenUp returns the log message for changes that become dead letters.
func givenUp(f *rowFold, errs []error) string {
	if f.unplaceable || len(errs) > 0 && !slices.ContainsFunc(errs, func(err error) bool { return !overLimit(err) }) {
		return "timak: a row is unplaceable: a rule cannot place it, and its timeline is without it until the row is corrected; its change is now a dead letter"
	}
	return "timak: a change cannot be applied; it is now a dead letter"
}

// putOff returns when a row's changes are tried again.
func putOff(f *rowFold, reason error) []outbox.Fate {
	attempts := f.last().Attempts
	wait := min(firstWait<<min(attempts, 16), lastWait)
	if isOutage(reason) {
		wait = waitByAge(f)
	} else {
		attempts++
	}
	return fatesOf(f, wait, attempts, reason)
}

// fatesOf puts off a row's changes for between half a wait and one and a half waits.
func fatesOf(f *rowFold, wait time.Duration, attempts int, reason error) []outbox.Fate {
	until := time.Now().Add(wait/2 + rand.N(wait)).UnixMicro()
	var fates []outbox.Fate
	for _, id := range f.ids() {
		fates = append(fates, outbox.Fate{ID: id, RunAt: until, Attempts: attempts, Error: reason.Error()})
	}
	return fates
}

// changesOf returns the number of changes of some rows.
func changesOf(folds []*rowFold) (n int) {
	for _, f := range folds {
		n += len(f.changes)
	}
	return n
}
