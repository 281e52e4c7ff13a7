package relay

import (
	"context"
	"fmt"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Programs of one outbox should have the same rules. While one takes the place of
// another they may not, and an image tells: it has the columns of its writer's
// rules. What it lacks, the row itself has (recordAnew). Of what it has besides,
// the rules are unknown here: the change is applied as far as they go, and stays
// for a program that has the others.

// foreignFor is how long a change is left to others, by its version; after that
// it becomes a dead letter. foreignWait is how long between two tries, so that
// the others find it soon once they have its shard.
const (
	foreignFor  = 24 * time.Hour
	foreignWait = 15 * time.Second
)

// foreign reports whether a program with other rules wrote one of the changes,
// and nothing here can take the place of its own relay. Where each has columns
// that the other lacks, the row is recorded anew: what it has written last would
// be outdated for either.
func (f *rowFold) foreign() bool { return f.unknown != "" && !f.outdated }

// leave decides what becomes of the changes of programs with other rules, and
// returns how many are left to these.
func (b *batch) leave(ctx context.Context, s *outbox.Settlement) (left int) {
	seen, buried := false, 0
	for _, f := range b.folds {
		seen = seen || f.unknown != ""
		if !f.foreign() || f.err != nil || len(b.failed[f]) > 0 {
			continue
		}
		reason := fmt.Errorf("no rule of this program names column %q: the change is applied as far as they go, and needs a program with the rule that does", f.unknown)
		if time.Since(time.UnixMicro(f.last().Version)) > foreignFor {
			s.Bury(f.changes, reason)
			buried += len(f.changes)
			continue
		}
		s.Late = append(s.Late, fatesOf(f, foreignWait, f.last().Attempts, reason)...)
		left += len(f.changes)
	}
	if seen {
		b.relay.foreignSeen.Do(func() { b.warnOfForeign(ctx, left, buried) })
	}
	return left
}

// warnOfForeign tells the log that a program with other rules is at work.
func (b *batch) warnOfForeign(ctx context.Context, left, buried int) {
	b.relay.opts.Log.WarnContext(ctx, "timak: a program with other rules writes this outbox; changes that need them are left to it for a day. "+
		"When the last program with old rules has stopped, run Rebuild", "left", left, "dead", buried)
}
