package timakgorm

import "context"

// Run is the relay: it carries committed changes to the timelines until ctx
// ends, and then returns nil, with nothing half done: a change that it was
// about to apply stays in the outbox. While the store or the database cannot be
// reached it tries again, after waits that grow to half a minute; a timeline that
// alone cannot be reached delays no other.
//
// Any number of processes may run one. On Postgres they share the rows out
// among them, by advisory locks that each holds on a connection of its own: of
// a pool limited to a single connection it takes none, and works beside the
// others. When one ends, or cannot reach the store, the others take over its
// rows within about Options.Poll. Advisory locks belong to a session: the
// connection must not go through a pooler that hands out sessions by
// transaction, such as PgBouncer in that mode. A change that two of them apply
// counts once.
//
// With Options.Capture Triggers, a table whose triggers are missing or outdated
// is ErrTriggers, before anything is applied.
func (p *Plugin) Run(ctx context.Context) error {
	if p.db == nil {
		return errNotInUse
	}
	if err := p.watch.Wrong(ctx); err != nil {
		return err
	}
	p.relay.Run(ctx)
	return nil
}

// Drain applies all that is committed and returns when the outbox holds no
// change of a tracked table, but for such as another program with other rules
// wrote: they are applied as far as the rules of this one go and left to that one
// (see Options), for which Drain does not wait. If ctx ends before that, it returns an error that
// wraps the context's and says what the last try met. A change that cannot be
// applied, ever, becomes a dead letter and no error.
//
// What the relays of other processes hold is left to them for as long as they
// get on with it. Where one makes no headway for two seconds, Drain does its
// work beside it.
func (p *Plugin) Drain(ctx context.Context) error {
	if p.db == nil {
		return errNotInUse
	}
	return p.relay.Drain(ctx)
}
