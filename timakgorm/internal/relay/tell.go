package relay

import "context"

// Tell tells those who watch timelines, in all processes, that these were written by
// another way than a batch.
func (r *Relay) Tell(ctx context.Context, keys []string) error {
	for _, key := range keys {
		r.opts.Watchers.Tell(key)
	}
	o, err := r.Outbox()
	if err != nil {
		return err
	}
	return o.Notify(ctx, r.opts.Watchers.Notes(keys))
}
