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

// look asks the store for all marks, and puts one in their place. The caller has the turn.
func (r *Relay) look(ctx context.Context, o *outbox.Outbox) error {
	all, relayed, err := o.Marks(ctx)
	if err != nil {
		return err
	}
	l, err := r.ask(ctx, all)
	if err != nil {
		return err
	}
	l.Unmarked = r.marks.marker != nil && relayed && len(all) == 0
	if r.marks.marker == nil && len(l.Lost) == 0 { // and nothing to write
		r.conclude(ctx, outbox.Mark{}, 0, all)
		return nil
	}
	own, news, err := o.Learn(ctx, l)
	if err != nil {
		r.sayForeign(ctx, err)
		return err
	}
	r.conclude(ctx, own, news, all)
	return nil
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
	if errors.Is(err, outbox.ErrOtherStore) {
		r.marks.foreign.Do(func() { due = true })
	}
	if due {
		r.opts.Log.ErrorContext(ctx, "timak: this relay stops applying changes until the store is the same for all programs", "error", err)
	}
}

// ask asks the store for marks: this relay's, though another one may have noted that it is
// lost, and those that nobody has. A store that is no driver.Marker has none.
func (r *Relay) ask(ctx context.Context, all []outbox.Mark) (l outbox.Look, err error) {
	if r.marks.marker == nil {
		l.Lost = slices.DeleteFunc(slices.Clone(all), func(m outbox.Mark) bool { return m.LostAt > 0 })
		return l, nil
	}
	own, _ := r.marks.known()
	first := ""
	for _, m := range all {
		if m.LostAt > 0 && m.ID != own.ID || m.Text == "" {
			continue
		}
		text, kept, err := r.marks.marker.Mark(ctx, m.Text)
		switch {
		case err != nil:
			return l, fmt.Errorf("timakgorm: %w: %w", errUnmarked, err)
		case kept == driver.Lost:
			l.Lost = append(l.Lost, m)
			if m.ID == own.ID {
				own = outbox.Mark{}
			}
		case m.ID != own.ID:
			l.Kept = append(l.Kept, m)
		}
		first = cmp.Or(first, text)
	}
	// The answers are about one history only if nothing happened in between.
	text, kept, err := r.marks.marker.Mark(ctx, first)
	switch {
	case err != nil:
		return l, fmt.Errorf("timakgorm: %w: %w", errUnmarked, err)
	case first != "" && kept != driver.KeptAll:
		return l, errDoubt
	}
	l.Own = outbox.Mark{ID: own.ID, Text: text}
	return l, nil
}
