package inuse

import (
	"context"
	"errors"
	"time"
)

// Watch returns nil when ctx ends. If the connection to Postgres breaks, with the lock that
// keeps others from moving the timelines, it takes the lock again, and returns a *WrongError
// if they were moved in between.
func (u *Use) Watch(ctx context.Context) error {
	if u.session == nil {
		<-ctx.Done()
		return nil
	}
	for u.session.untilBroken(ctx); ctx.Err() == nil; u.session.untilBroken(ctx) {
		if err := u.again(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// again takes the lock again, as often as Postgres cannot be reached.
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
