package inuse

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
)

// errBroken ends what is done while a connection lasts.
var errBroken = errors.New("the connection to Postgres is broken")

// While calls do, which uses the timelines until its context ends. If the connection to
// Postgres breaks, with the lock that keeps others from moving the timelines, that context
// ends, and do is called again when the lock is taken again. While returns the error of do, a
// *WrongError if the timelines were moved in between, and nil when ctx ends.
func (u *Use) While(ctx context.Context, do func(ctx context.Context) error) error {
	if u.session == nil {
		return do(ctx)
	}
	for {
		err := u.guarded(ctx, do)
		if ctx.Err() != nil || !errors.Is(err, errBroken) {
			return notBroken(err)
		}
		u.log.WarnContext(ctx, "blog: the connection to Postgres that keeps others from moving the timelines is broken; changes wait until it is back")
		if err := u.again(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		u.log.InfoContext(ctx, "blog: the connection is back, and changes are delivered again")
	}
}

func notBroken(err error) error {
	if errors.Is(err, errBroken) {
		return nil
	}
	return err
}

// guarded calls do while the connection lasts, and then returns errBroken, or the error of
// do.
func (u *Use) guarded(ctx context.Context, do func(ctx context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		u.session.untilBroken(ctx)
		return errBroken
	})
	g.Go(func() error { return do(ctx) })
	return g.Wait()
}

// again takes the lock again, as often as Postgres cannot be reached. When ctx ends it
// returns nil.
func (u *Use) again(ctx context.Context) error {
	for {
		err := u.session.renew(ctx)
		if err == nil {
			err = u.Check(ctx)
		}
		if _, wrong := errors.AsType[*WrongError](err); wrong || err == nil {
			return err
		}
		if !pause(ctx) {
			return nil
		}
	}
}

// renewPause is how long to wait before the next try to reach Postgres.
const renewPause = time.Second

// pause waits for renewPause. It returns false if ctx ends first.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(renewPause):
		return true
	}
}
