package timakgorm

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"gorm.io/gorm/schema"
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
func (b *batch) leave(ctx context.Context, s *settlement) (left int) {
	seen, buried := false, 0
	for _, f := range b.folds {
		seen = seen || f.unknown != ""
		if !f.foreign() || f.err != nil || len(b.failed[f]) > 0 {
			continue
		}
		reason := fmt.Errorf("no rule of this program names column %q: the change is applied as far as they go, and needs a program with the rule that does", f.unknown)
		if time.Since(time.UnixMicro(f.last().version)) > foreignFor {
			s.bury(f, reason)
			buried += len(f.changes)
			continue
		}
		s.late = append(s.late, fatesOf(f, foreignWait, f.last().attempts, reason)...)
		left += len(f.changes)
	}
	if seen && b.plugin.foreignSeen.now() {
		b.plugin.opts.Logger.WarnContext(ctx, "timak: a program with other rules writes this outbox; changes that need them are left to it for a day. "+
			"When the last program with old rules has stopped, run Rebuild", "left", left, "dead", buried)
	}
	return left
}

// unknownColumn returns a column of an image that no rule names, the first by
// its name; "" if there is none.
func (m *model) unknownColumn(i image) (unknown string) {
	for name := range i {
		if (unknown == "" || name < unknown) && !slices.ContainsFunc(m.columns, func(c *schema.Field) bool { return c.DBName == name }) {
			unknown = name
		}
	}
	return unknown
}

// seldom lets through what is not to be said more than once a minute.
type seldom struct{ last atomic.Int64 }

func (s *seldom) now() bool {
	last, now := s.last.Load(), time.Now().UnixNano()
	return (last == 0 || time.Duration(now-last) > time.Minute) && s.last.CompareAndSwap(last, now)
}
