package watchers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Listening is a connection that listens for notes.
type Listening interface {
	// Wait waits for the next note. If ctx ends before, the connection still stands.
	Wait(ctx context.Context) (note string, err error)
	Ping(ctx context.Context) error
	Close(ctx context.Context) error
}

// Listen opens a connection to the server of a driver's connection, and has it listen. It
// returns ErrDeaf if that is impossible. It is nil in programs that do not import package
// pgxlisten, which sets it.
var Listen func(ctx context.Context, beside any, channel string) (Listening, error)

// ErrDeaf is returned by Listen.
var ErrDeaf = errors.New("this process cannot listen")

// errUnlinked is why a process is deaf that does not import pgxlisten.
var errUnlinked = fmt.Errorf(`%w: to hear of other processes at once, import _ "github.com/timak-go/timak/timakgorm/pgxlisten"`, ErrDeaf)

// longestSilence is how long a process waits for a note. Then it asks the server whether the
// connection still stands, and takes it that any timeline may have changed: by a relay of an
// earlier release, or behind a pooler that has dropped the note.
const longestSilence = time.Minute

// patience is how long the server may take to answer then.
const patience = 10 * time.Second

// listen listens for notes on Postgres until ctx ends or it fails. It calls began when notes
// come from now on.
func (ws *Watchers) listen(ctx context.Context, began func()) error {
	l, err := ws.connect(ctx)
	if err != nil {
		return fmt.Errorf("timakgorm: watch: %w", err)
	}
	defer closeSoon(l)
	began()
	for ctx.Err() == nil {
		if err := ws.await(ctx, l); err != nil {
			return fmt.Errorf("timakgorm: watch: %w", err)
		}
	}
	return ctx.Err()
}

// connect has a connection listen, beside the pool.
func (ws *Watchers) connect(ctx context.Context) (l Listening, err error) {
	if Listen == nil {
		return nil, errUnlinked
	}
	db, err := ws.opts.DB()
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	err = conn.Raw(func(raw any) (err error) {
		l, err = Listen(ctx, raw, outbox.Channel)
		return err
	})
	return l, err
}

func closeSoon(l Listening) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = l.Close(ctx)
}

// await waits for a note, and tells of it.
func (ws *Watchers) await(ctx context.Context, l Listening) error {
	waiting, cancel := context.WithTimeout(ctx, ws.silence)
	defer cancel()
	note, err := l.Wait(waiting)
	switch {
	case err == nil:
		ws.tellOf(note)
		return nil
	case waiting.Err() == nil || ctx.Err() != nil:
		return err
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := l.Ping(asking); err != nil {
		return err
	}
	ws.tellAll()
	return nil
}
