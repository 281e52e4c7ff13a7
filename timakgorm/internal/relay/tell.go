package relay

import (
	"context"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// settle settles a batch, and tells other processes of it. If they cannot be told, it does
// without.
func (r *Relay) settle(ctx context.Context, o *outbox.Outbox, s outbox.Settlement) error {
	err := o.Settle(ctx, s)
	if len(s.Notes) == 0 || !dialect.IsUnnotified(err) {
		return err
	}
	r.warnUntold(ctx, err)
	s.Notes = nil
	return o.Settle(ctx, s)
}

// tellPatience is how long Tell tries to tell other processes.
const tellPatience = 5 * time.Second

// Tell tells those who watch timelines, in all processes, that these were written by
// another way than a batch. That they cannot be told is no reason to fail.
func (r *Relay) Tell(ctx context.Context, keys ...string) {
	for _, key := range keys {
		r.opts.Watchers.Tell(key)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellPatience)
	defer cancel()
	o, err := r.Outbox()
	if err == nil {
		err = o.Notify(ctx, r.opts.Watchers.Notes(keys))
	}
	if err != nil {
		r.warnUntold(ctx, err)
	}
}

func (r *Relay) warnUntold(ctx context.Context, err error) {
	r.untold.Do(func() {
		r.opts.Log.WarnContext(ctx, "timak: other processes cannot be told which timelines change: Watch hears of it up to a minute late", "error", err)
	})
}
