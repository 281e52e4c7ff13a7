package relay

import (
	"context"
	"fmt"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// All programs of an outbox should have the same rules. During a deployment they may
// differ, and an image shows that: it has the columns of its writer's rules. If it
// lacks a column, the row itself has it (see recordAnew). If it has a column that no
// rule of this program names, the rules for that are unknown here: the change is
// applied as far as this program's rules go, and stays for a program with the others.

// foreignFor is how old a change may be, by its version, and still be left to another
// program; after that it becomes a dead letter. foreignWait is the time between two
// tries, short so that the other program finds the change soon once it has its shard.
const (
	foreignFor  = 24 * time.Hour
	foreignWait = 15 * time.Second
)

// foreign reports whether a program with other rules wrote one of the changes, and
// must apply it. If each program has columns that the other lacks, the change is
// outdated for both, so the row is recorded anew.
func (f *rowFold) foreign() bool { return f.unknown != "" && !f.outdated }

// leave decides what becomes of the changes of programs with other rules, and returns
// how many are left to those programs.
func (b *batch) leave(ctx context.Context, s *outbox.Settlement) (left int) {
	seen, buried := false, 0
	for _, f := range b.folds {
		seen = seen || f.unknown != ""
		if !f.foreign() || f.unfinished || f.repeat || f.elsewhere || f.err != nil || b.locked[f] || len(b.errorsOf(f)) > 0 {
			continue
		}
		reason := fmt.Errorf("no rule of this program names column %q: the change is applied as far as its rules go, and needs a program with the rule that names the column", f.unknown)
		if time.Since(time.UnixMicro(f.last().Version)) > foreignFor {
			s.Bury(f.changes, reason)
			buried += len(f.changes)
			continue
		}
		s.Late = append(s.Late, fatesOf(f, foreignWait, f.last().Attempts, reason)...)
		left += len(f.changes)
	}
	due := false
	if seen {
		b.relay.foreignSeen.Do(func() { due = true }) // logged after Do, which holds a lock
	}
	if due {
		b.warnOfForeign(ctx, left, buried)
	}
	return left
}

// warnOfForeign logs that a program with other rules is running.
func (b *batch) warnOfForeign(ctx context.Context, left, buried int) {
	b.relay.opts.Log.WarnContext(ctx, "timak: a program with other rules writes this outbox; changes that need its rules are left to it for a day. "+
		"When the last program with old rules has stopped, run Rebuild", "left", left, "dead", buried)
}
