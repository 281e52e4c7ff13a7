package timakgorm

import "context"

// Run is the relay: it applies committed changes to the timelines until ctx ends,
// and then returns nil. Nothing is left half done: a change that it was about to
// apply stays in the outbox. While the store or the database cannot be reached it
// tries again, after waits that grow to half a minute. If only one timeline
// cannot be reached, the others are not delayed.
//
// Any number of processes may call Run. On Postgres they divide the rows among
// them by advisory locks, which each process holds on a connection of its own. If
// the pool is limited to a single connection, Run takes no locks and works beside
// the others. As the limit of a pgxpool beneath the pool is not known, it does so, too,
// and warns, if no other connection becomes free within five seconds. When a process
// ends, or cannot reach the store, the others take over its rows within about
// Options.Poll. Advisory locks belong to a session: the connection must not go through
// a pooler that assigns sessions by transaction, such as PgBouncer in that mode. A
// change that two processes apply counts once. While Run copies what new subscriptions
// name, it uses up to four connections more, and fewer of a small pool; with OnCommit, so
// does a commit that waits.
//
// With a store that may lose what it has acknowledged, Run asks the store whether it
// has, and with Options.RebuildAfterLoss rebuilds: see the package documentation. If
// another program relays to another store, Run applies nothing and logs that.
//
// If tracked tables are written where no Run is running, and changes wait for a minute, the
// log says so, once. If a tracked table has rows and no change was ever recorded, the log
// says that a Rebuild brings them onto their timelines.
//
// If the triggers of a table do not match Options.Capture, Run returns
// ErrTriggers before it applies anything.
func (p *Plugin) Run(ctx context.Context) error {
	if p.db == nil {
		return errNotInUse
	}
	if err := p.watch.Check(ctx); err != nil {
		return err
	}
	defer p.unrelayed.run()()
	p.relay.Run(ctx)
	return nil
}

// wake tells the relay of this process that a commit has recorded changes.
func (p *Plugin) wake() {
	p.relay.Wake()
	p.unrelayed.wrote()
}

// deliver delivers the changes of a commit as long as it may wait.
func (p *Plugin) deliver(ctx context.Context, ids []int64) {
	p.relay.Deliver(ctx, ids)
	p.unrelayed.wrote()
}

// Drain applies all that is committed and returns when the outbox holds no change
// of a tracked table. It does not wait for changes that a program with other
// rules wrote: they are applied as far as the rules of this program go and left
// to the other (see the package documentation). If ctx ends first, Drain returns
// an error that wraps the context's error and that of the last attempt. A change
// that can never be applied becomes a dead letter, which is no error.
//
// Timelines that this process has given room get back what fell off their end (see Page),
// except those whose rows writers have locked.
//
// Drain leaves to the relays of other processes what they hold, as long as they
// make progress. If there is no progress for two seconds, Drain does their work
// beside them.
func (p *Plugin) Drain(ctx context.Context) error {
	if p.db == nil {
		return errNotInUse
	}
	return p.relay.Drain(ctx)
}
