package inuse

import (
	"context"
	"crypto/rand"
)

// Move makes the store the one that holds the timelines of the database: fill fills it,
// and is told whether the store may have held some before. Nobody else uses the database
// meanwhile. If fill fails, the database has no whole timelines anywhere until a later Move
// is done. on says that fill continues an earlier Move to this store.
func (u *Use) Move(ctx context.Context, on bool, fill func(before bool) error) error {
	if err := u.session.exclude(ctx); err != nil {
		return err
	}
	n, marks, err := u.read(ctx)
	if err != nil {
		return err
	}
	if marks.foreign {
		return foreign(u.config)
	}
	begun := n.Kind == u.config.Timelines() && !n.Whole && marks.begun
	if on && !begun {
		return &WrongError{why: "-from continues a rebuild that was stopped, and these timelines have to be made from the beginning: leave it out"}
	}
	if !begun {
		if n, err = u.begin(ctx, n); err != nil {
			return err
		}
	}
	if err := fill(marks.ever()); err != nil {
		return err
	}
	return u.finish(ctx, n)
}

// begin notes that the store is to get all timelines: in the store first, so that it never
// has some without a mark.
func (u *Use) begin(ctx context.Context, n note) (note, error) {
	n.Kind, n.Generation, n.Whole = u.config.Timelines(), rand.Text(), false
	if err := u.claim(ctx, n, n.begun()); err != nil {
		return n, err
	}
	return n, u.save(ctx, n)
}

// finish notes that the store has all timelines.
func (u *Use) finish(ctx context.Context, n note) error {
	if err := u.mark(ctx, n.mark()); err != nil {
		return err
	}
	n.Whole = true
	return u.save(ctx, n)
}
