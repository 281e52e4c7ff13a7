package blog

import (
	"context"
	"errors"
)

// errNotRelaying is returned where changes are left in the outbox.
var errNotRelaying = errors.New("changes are not delivered now")

// Run applies changes to the timelines until ctx ends.
func (b *Blog) Run(ctx context.Context) error {
	b.relaying.Store(&ctx)
	defer b.relaying.Store(nil)
	return b.plugin.Run(ctx)
}

// Drain applies all changes committed so far to the timelines.
func (b *Blog) Drain(ctx context.Context) error { return b.plugin.Drain(ctx) }

// Deliver is Drain while Run runs. Otherwise it leaves the timelines alone, as they may be
// somebody else's, and returns an error.
func (b *Blog) Deliver(ctx context.Context) error {
	relaying := b.relaying.Load()
	if relaying == nil {
		return errNotRelaying
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(*relaying, cancel)()
	return b.plugin.Drain(ctx)
}
