package timakgorm

import (
	"context"
	"errors"
	"slices"
)

// Watch tells when timelines may have changed. Each key comes from the channel once at the
// beginning, and again after a relay has written its timeline, until ctx ends: then the
// channel is closed. So whoever reads a page after receiving its key misses nothing, and
// whoever shows a page that was read before finds what has come since.
//
// A key says that it is worth a look, and no more: the timeline may be as it was, or have
// changed several times. While the channel is not read, changes of a timeline add up to one,
// so a slow reader costs no memory. The first keys come in no order.
//
// The relay of this process, by Run, Drain or OnCommit, tells of a timeline as soon as it is
// written, and so does Rebuild. Those of other processes tell with Postgres' NOTIFY when the
// change leaves the outbox. A process that imports package pgxlisten hears that at once, on one
// connection beside its pool, for all watches together, as long as any is open: end their
// contexts before you close the pool. Whenever the connection was lost, and after a minute
// without a word, all keys come. So a relay of an earlier release, which does not tell, or a
// pooler that assigns sessions by transaction, such as PgBouncer in that mode, makes a reader
// wait for a minute at most.
//
// On SQLite a process looks every Options.Poll whether another connection has written the
// file, and if so all keys come. For that it keeps one connection of the pool. Where that is
// the only one, or on Postgres without pgxlisten, on a standby, or with a driver that is not
// pgx alone (one that is wrapped is not), all keys come every Options.Poll.
//
// What is written to a timeline by Timelines.Apply, and not through rules, is not told of,
// nor is MarkSeen. Watch returns ErrWatches when Options.Watches are open.
func (p *Plugin) Watch(ctx context.Context, keys ...string) (<-chan string, error) {
	switch {
	case p.db == nil:
		return nil, errNotInUse
	case len(keys) == 0 || slices.Contains(keys, ""):
		return nil, errors.New("timakgorm: watch: expected keys of timelines, none of them empty")
	}
	for _, key := range keys {
		if _, made := p.beyond.Capacity(key); !made {
			p.sayUnmade(ctx, &p.unmade.watch, "Watch was asked for a key that no rule makes: no relay writes it", key)
		}
	}
	return p.watchers.Watch(ctx, keys)
}
