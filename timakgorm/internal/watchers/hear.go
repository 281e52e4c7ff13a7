package watchers

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// hearing is how a process learns what others have written, while somebody watches.
type hearing struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// end ends it, and returns when it holds no connection any more.
func (h *hearing) end() {
	h.cancel()
	<-h.done
}

// hear begins to listen to other processes.
func (ws *Watchers) hear() *hearing {
	ctx, cancel := context.WithCancel(context.Background())
	h := &hearing{cancel, make(chan struct{})}
	go func() {
		defer close(h.done)
		ws.hearUntil(ctx)
	}()
	return h
}

// hearUntil listens until ctx ends, again after each failure. What was written meanwhile is
// made up for by telling all, each time that it begins, or fails to.
func (ws *Watchers) hearUntil(ctx context.Context) {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 100*time.Millisecond, 30*time.Second
	listen := ws.listen
	if !ws.opts.Dialect.Lock {
		listen = ws.look
	}
	for ctx.Err() == nil {
		began := time.Now()
		err := listen(ctx, ws.tellAll)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrDeaf):
			ws.deaf.Do(func() {
				ws.opts.Log.InfoContext(ctx, "timak: watches look from time to time, as they cannot listen to other processes", "every", ws.opts.Poll, "reason", err)
			})
			listen = ws.guess
			continue
		case time.Since(began) > waits.MaxInterval:
			waits.Reset()
		}
		wait := waits.NextBackOff()
		ws.opts.Log.WarnContext(ctx, "timak: watches do not hear of other processes; trying again", "wait", wait, "error", err)
		rest(ctx, wait)
		ws.tellAll()
	}
}

// rest waits for d, or the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
