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

// hopeless reports, by the errors of its timelines, whether a row's changes become dead
// letters. They do not while one of the timelines may take them later.
func hopeless(f *rowFold, errs []error) bool {
	if slices.ContainsFunc(errs, isOutage) {
		return false
	}
	passing := func(err error) bool { return !permanent(err) }
	return !slices.ContainsFunc(errs, passing) || f.last().Attempts+1 >= maxAttempts
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

// lastOutageWait is the longest wait for a timeline that cannot be reached. Such tries
// do not count; the waits grow with the age of the change.
const lastOutageWait = 30 * time.Second

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
	if err := b.outbox.Settle(ctx, s); err != nil {
		return err
	}
	b.relay.counters.settled(s, changesOf(recorded), left)
	came.settled, came.late, came.left = len(s.Done)+len(s.Dead), len(s.Late)-left, left
	return reason
}

// verdict decides what becomes of each row's changes, except those that are left to
// programs with other rules. The error is the first reason why some stay.
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
			if !outage || b.full { // after a full batch, other changes may be due
				s.Late = append(s.Late, putOff(f, failure)...)
			}
		}
	}
	return s, anew, reason
}

// givenUp returns the log message for changes that become dead letters.
func givenUp(f *rowFold, errs []error) string {
	if f.unplaceable || len(errs) > 0 && !slices.ContainsFunc(errs, func(err error) bool { return !overLimit(err) }) {
		return "timak: a row is unplaceable: it is on no timeline until it is corrected; its change is now a dead letter"
	}
	return "timak: a change cannot be applied; it is now a dead letter"
}

// putOff returns when a row's changes are tried again.
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
