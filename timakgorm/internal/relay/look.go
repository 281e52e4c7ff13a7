package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Look asks the store whether it has kept what all relays have written, though there may
// be nothing to do.
func (r *Relay) Look(ctx context.Context) error {
	o, err := r.Outbox()
	if err != nil {
		return err
	}
	if err := r.marks.enter(ctx); err != nil {
		return err
	}
	defer r.marks.leave()
	return r.look(ctx, o)
}

// errOtherStore is returned where a mark stands that this store does not have, and this
// relay's stands no longer.
var errOtherStore = errors.New("timakgorm: another program relays the changes of this database to another store, or to a master that this one does not know: " +
	"expected the same store for all; end the wrong program, and this one goes on within minutes; if this store is the right one, Rebuild or AcceptStore takes over at once")

// look asks the store for all marks, and puts one in their place. The caller has the turn.
func (r *Relay) look(ctx context.Context, o *outbox.Outbox) error { return r.lookAs(ctx, o, false) }

// lookAs looks. With takeOver this relay goes on, though another one uses another store.
func (r *Relay) lookAs(ctx context.Context, o *outbox.Outbox, takeOver bool) error {
	for {
		err := r.lookOnce(ctx, o, takeOver)
		switch {
		case errors.Is(err, outbox.ErrMarksChanged): // by a relay that has begun, or was begun anew
			continue
		case errors.Is(err, errOtherStore):
			r.marks.putOff()
			r.sayForeign(ctx, err)
		}
		return outbox.Explain(err)
	}
}

func (r *Relay) lookOnce(ctx context.Context, o *outbox.Outbox, takeOver bool) error {
	all, relayed, err := o.Marks(ctx)
	if err != nil {
		return err
	}
	l, err := r.ask(ctx, all)
	if errors.Is(err, errUnmarked) {
		own, _ := r.marks.known()
		return errors.Join(err, o.Renew(ctx, own))
	}
	if err != nil {
		return err
	}
	if !takeOver && r.displaced(all) && slices.ContainsFunc(l.Lost, func(m outbox.Mark) bool { return m.Live }) {
		return r.stepBack(ctx, o)
	}
	l.Unmarked = r.marks.marker != nil && relayed && len(all) == 0
	own, news := l.Own, int64(0)
	if own.Text != "" || len(l.Lost)+len(l.Kept) > 0 {
		if own, news, err = o.Learn(ctx, l); err != nil {
			return err
		}
	}
	r.conclude(ctx, own, news, all)
	return nil
}

// displaced reports whether this relay has begun before, and its mark does not stand:
// somebody has not found it in the store, or has taken this relay for one that has ended.
func (r *Relay) displaced(all []outbox.Mark) bool {
	own, _ := r.marks.known()
	return r.marks.hasBegun() && !slices.ContainsFunc(all, func(m outbox.Mark) bool { return m.ID == own.ID && m.LostAt == 0 })
}

// stepBack leaves the changes to a program with another store. What this one has settled
// without a mark, as it did not know of the other one, is lost.
func (r *Relay) stepBack(ctx context.Context, o *outbox.Outbox) error {
	if own, mayGoOn := r.marks.known(); own.ID == 0 && mayGoOn {
		if _, _, err := o.Learn(ctx, outbox.Look{Apart: true}); err != nil {
			return err
		}
	}
	return errOtherStore
}

// conclude notes what has come of a look, and says what is lost.
func (r *Relay) conclude(ctx context.Context, own outbox.Mark, news int64, all []outbox.Mark) {
	lost := news > 0 || slices.ContainsFunc(all, func(m outbox.Mark) bool { return m.LostAt > 0 })
	r.marks.learned(own, lost)
	if news > 0 {
		r.counters.losses.Add(1)
		r.marks.remind.Do(func() {}) // it is said now
		r.marks.tellNews()
		r.Wake()
		r.opts.Log.ErrorContext(ctx, "timak: the store has lost timelines that it had acknowledged, or is not the store in which they were; "+r.cure())
		return
	}
	if lost {
		due := false
		r.marks.remind.Do(func() { due = true })
		if due {
			r.opts.Log.ErrorContext(ctx, "timak: the store still lacks timelines that it has lost; "+r.cure())
		}
	}
}

// cure says what becomes of a store that has lost timelines.
func (r *Relay) cure() string {
	if r.opts.Rebuild != nil {
		return "Run rebuilds them from the tables"
	}
	return "new changes are still delivered; run Rebuild, or set Options.RebuildAfterLoss; if the timelines were copied to this store, call AcceptStore"
}

// sayForeign says that another program has another store.
func (r *Relay) sayForeign(ctx context.Context, err error) {
	due := false
	r.marks.foreign.Do(func() { due = true })
	if due {
		r.opts.Log.ErrorContext(ctx, "timak: this relay stops applying changes until the store is the same for all programs", "error", err)
	}
}

// ask asks the store for all marks that stand, and for one behind them.
func (r *Relay) ask(ctx context.Context, all []outbox.Mark) (l outbox.Look, err error) {
	own, _ := r.marks.known()
	first, stands := "", false
	for _, m := range all {
		l.Seen = max(l.Seen, m.ID)
		if m.LostAt > 0 {
			continue
		}
		text, kept, err := r.askFor(ctx, m.Text)
		switch {
		case err != nil:
			return l, err
		case kept == driver.Lost:
			l.Lost = append(l.Lost, m)
		case m.ID == own.ID:
			stands = true
		case !m.Live:
			l.Kept = append(l.Kept, m)
		}
		first = cmp.Or(first, text)
	}
	if !stands {
		own = outbox.Mark{}
	}
	if r.marks.marker == nil {
		if len(all) > 0 {
			l.Own = outbox.Mark{ID: own.ID, Text: outbox.Keeper}
		}
		return l, nil
	}
	// The answers are about one history only if nothing happened in between.
	text, kept, err := r.askFor(ctx, first)
	switch {
	case err != nil:
		return l, err
	case first != "" && kept != driver.KeptAll:
		return l, errDoubt
	}
	l.Own = outbox.Mark{ID: own.ID, Text: text}
	return l, nil
}

// askFor asks the store for one mark. A store that is no driver.Marker has none but
// outbox.Keeper, and no other store has that.
func (r *Relay) askFor(ctx context.Context, mark string) (text string, kept driver.Kept, err error) {
	switch {
	case r.marks.marker == nil && mark == outbox.Keeper:
		return "", driver.KeptAll, nil
	case r.marks.marker == nil, mark == outbox.Keeper:
		return "", driver.Lost, nil
	}
	if text, kept, err = r.marks.marker.Mark(ctx, mark); err != nil {
		return "", driver.Lost, fmt.Errorf("timakgorm: %w: %w", errUnmarked, err)
	}
	return text, kept, nil
}
