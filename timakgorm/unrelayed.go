package timakgorm

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// unrelayed warns once if this process writes and nobody relays: no Run has been started
// here, and changes grow old in the outbox.
type unrelayed struct {
	patience time.Duration                                // how old a change must be
	oldest   func(context.Context) (time.Duration, error) // age of the oldest change that waits; 0: none does
	log      *slog.Logger

	runs atomic.Int32 // calls of Run that have not returned
	due  atomic.Bool  // a look is due
	said atomic.Bool
}

// relayPatience is long for a relay of another process, and short for a person who waits
// for a first item.
const relayPatience = time.Minute

// run notes that a Run begins; the returned function ends it.
func (u *unrelayed) run() func() {
	u.runs.Add(1)
	return func() { u.runs.Add(-1) }
}

// wrote notes that a commit may have recorded changes, and looks later what has become of
// them.
func (u *unrelayed) wrote() {
	if u.runs.Load() == 0 && !u.said.Load() && u.due.CompareAndSwap(false, true) {
		time.AfterFunc(u.patience, u.look)
	}
}

// look warns if changes are as old as the last look. Without an answer it leaves that to
// the next one.
func (u *unrelayed) look() {
	defer u.due.Store(false)
	if u.runs.Load() > 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	oldest, err := u.oldest(ctx)
	if err == nil && oldest >= u.patience && u.said.CompareAndSwap(false, true) {
		u.log.Warn("timak: this program writes tracked tables, and no relay applies the changes to their timelines; "+
			"start one, here or in another program: go plugin.Run(ctx)", "oldest", oldest.Round(time.Second))
	}
}
