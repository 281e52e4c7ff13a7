package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// looks is how many times a relay polls the outbox between two looks at the marks, and
// lookMost the longest time between two. So a store that has come back empty is
// noticed within a minute, though nobody writes, and a look costs little beside the polls.
const (
	looks    = 40
	lookMost = 40 * time.Second
)

// rebuildPatience is how long the other relays leave a rebuild to one that is not heard
// of any more.
const rebuildPatience = 3 * lookMost

// watch looks at the marks from time to time, and rebuilds what is lost.
type watch struct {
	relay *Relay
	next  time.Time

	rebuilds   sync.WaitGroup
	rebuilding chan struct{} // holds a value while this relay rebuilds
}

func (r *Relay) newWatch() *watch { return &watch{relay: r, rebuilding: make(chan struct{}, 1)} }

// until returns how long it is until the next look, and at most d.
func (w *watch) until(d time.Duration) time.Duration { return min(d, max(time.Until(w.next), 0)) }

// look looks if it is time.
func (w *watch) look(ctx context.Context) {
	if !w.relay.marks.takeNews() && time.Now().Before(w.next) {
		return
	}
	w.next = time.Now().Add(Spread(min(looks*w.relay.opts.Poll, lookMost)))
	r := w.relay
	if err := r.Look(ctx); err != nil {
		if ctx.Err() != nil || errors.Is(err, errOtherStore) { // it is said
			return
		}
		r.counters.errors.Add(1)
		r.opts.Log.WarnContext(ctx, r.unasked(), "wait", w.until(lookMost), "error", err)
		return
	}
	if w.mayRebuild() {
		w.rebuild(ctx)
	}
}

// unasked says that a look at the marks has failed.
func (r *Relay) unasked() string {
	if r.marks.marker == nil {
		return "timak: the database could not be asked for marks of another store; asking again"
	}
	return "timak: the store could not be asked whether it has kept the timelines; asking again"
}

// mayRebuild reports whether something is to be rebuilt, and the options say so.
func (w *watch) mayRebuild() bool { return w.relay.opts.Rebuild != nil && w.relay.marks.isLost() }

// rebuild begins to rebuild everything, unless this relay or another one does so.
func (w *watch) rebuild(ctx context.Context) {
	o, err := w.relay.Outbox()
	if err != nil {
		return
	}
	select {
	case w.rebuilding <- struct{}{}:
	default:
		if err := o.ProlongRebuild(ctx, rebuildPatience); err != nil {
			w.relay.opts.Log.WarnContext(ctx, "timak: other relays may rebuild as well", "error", err)
		}
		return
	}
	w.rebuilds.Go(func() {
		defer func() { <-w.rebuilding }()
		w.rebuildNow(ctx, o)
	})
}

func (w *watch) rebuildNow(ctx context.Context, o *outbox.Outbox) {
	r := w.relay
	ours, err := o.ClaimRebuild(ctx, rebuildPatience)
	if err == nil && !ours {
		return
	}
	if err == nil {
		r.opts.Log.InfoContext(ctx, "timak: rebuilding all timelines, as the store has lost some")
		err = r.opts.Rebuild(ctx)
	}
	if err == nil {
		return
	}
	released, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if ctx.Err() != nil { // another relay may go on
		_ = o.ProlongRebuild(released, 0)
		return
	}
	err = errors.Join(err, o.PauseRebuild(released))
	r.counters.errors.Add(1)
	r.opts.Log.ErrorContext(ctx, "timak: the timelines that the store has lost could not be rebuilt; trying again after a pause of at most an hour", "error", err)
}
