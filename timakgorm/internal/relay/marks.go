package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// A store may lose what it has acknowledged (driver.Marker). So a batch holds a mark from
// before it reads the outbox, and sets one behind its writes. If everything is kept since
// the first, the second goes into the database with the changes that leave the outbox.
// Otherwise the changes stay and are written again.

// marks are the marks of one relay.
type marks struct {
	marker driver.Marker // nil: the store keeps what it has acknowledged
	turn   chan struct{} // holds a value while somebody asks the store and notes the answer

	mu      sync.Mutex
	own     outbox.Mark // the latest; without a text: none yet
	begun   bool        // this relay has once looked at all marks and gone on
	mayGoOn bool        // without another look
	lost    bool        // some of them were lost, and the store was not rebuilt since
	news    bool        // this has just been found
	remind  rate.Sometimes
	foreign rate.Sometimes
}

// remindEvery is how often a relay says that the store is to be rebuilt.
const remindEvery = 10 * time.Minute

func newMarks(marker driver.Marker) *marks {
	return &marks{
		marker: marker, turn: make(chan struct{}, 1),
		remind: rate.Sometimes{Interval: remindEvery}, foreign: rate.Sometimes{Interval: remindEvery},
	}
}

// Errors of a batch whose writes are not sure to be in the store.
var (
	errDoubt    = errors.New("the store has restarted, or another server has taken over: what was not yet forgotten is written again")
	errUnmarked = errors.New("the store has not told whether it has kept what was written")
	errLoss     = errors.New("the store has lost timelines: what was not yet forgotten is written again")
)

// unsure reports whether a batch is not sure to be in the store because of an error.
func unsure(err error) bool {
	return errors.Is(err, errDoubt) || errors.Is(err, errLoss) || errors.Is(err, errUnmarked) ||
		errors.Is(err, errOtherStore) || errors.Is(err, outbox.ErrMarksChanged)
}

// enter waits for the caller's turn.
func (m *marks) enter(ctx context.Context) error {
	select {
	case m.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *marks) leave() { <-m.turn }

// known returns the latest mark, and whether the relay may go on with it.
func (m *marks) known() (own outbox.Mark, mayGoOn bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.own, m.mayGoOn
}

// set notes the latest mark.
func (m *marks) set(own outbox.Mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.own = own
}

// putOff notes that this relay may not go on.
func (m *marks) putOff() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mayGoOn, m.lost = false, false
}

// hasBegun reports whether this relay has ever been able to go on.
func (m *marks) hasBegun() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begun
}

// learned notes the result of a look at all marks.
func (m *marks) learned(own outbox.Mark, lost bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.own, m.begun, m.mayGoOn, m.lost = own, true, true, lost
}

// tellNews notes that a loss has just been found.
func (m *marks) tellNews() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.news = true
}

// takeNews reports whether a loss was found since it was last called.
func (m *marks) takeNews() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	news := m.news
	m.news = false
	return news
}

// isLost reports whether the store was to be rebuilt when the relay last looked.
func (m *marks) isLost() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lost
}

// since returns a mark from before now; empty for a store that keeps everything.
func (r *Relay) since(ctx context.Context, o *outbox.Outbox) (string, error) {
	if own, ok := r.marks.known(); ok {
		return own.Text, nil
	}
	if err := r.marks.enter(ctx); err != nil {
		return "", err
	}
	defer r.marks.leave()
	if own, ok := r.marks.known(); ok {
		return own.Text, nil
	}
	err := r.look(ctx, o)
	own, _ := r.marks.known()
	return own.Text, err
}

// mark sets a mark behind what was written since another one. It returns errDoubt or
// errLoss if something of that may be gone.
func (r *Relay) mark(ctx context.Context, o *outbox.Outbox, since string) (string, error) {
	text, kept, err := r.marks.marker.Mark(ctx, since)
	switch {
	case err != nil:
		return "", fmt.Errorf("timakgorm: %w: %w", errUnmarked, err)
	case kept == driver.KeptAll:
		return text, nil
	}
	doubt := errDoubt
	if kept == driver.Lost {
		doubt = errLoss
	}
	if err := r.look(ctx, o); err != nil {
		return "", errors.Join(doubt, err)
	}
	return "", doubt
}

// forget settles a batch of which everything was written since a mark.
func (r *Relay) forget(ctx context.Context, o *outbox.Outbox, s outbox.Settlement, since string) error {
	if own, _ := r.marks.known(); !s.Forgets() || r.marks.marker == nil && own.ID == 0 {
		return r.settle(ctx, o, s)
	}
	if err := r.marks.enter(ctx); err != nil {
		return err
	}
	defer r.marks.leave()
	err := r.forgetOnce(ctx, o, s, since)
	for errors.Is(err, outbox.ErrMarksChanged) {
		if err = r.look(ctx, o); err == nil {
			err = r.forgetOnce(ctx, o, s, since)
		}
	}
	return err
}

func (r *Relay) forgetOnce(ctx context.Context, o *outbox.Outbox, s outbox.Settlement, since string) error {
	own, err := r.markOwn(ctx, o, since)
	if err != nil {
		return err
	}
	s.Mark = &own
	if err = r.settle(ctx, o, s); err == nil {
		r.marks.set(own)
	}
	return err
}

// markOwn is mark, and returns the mark for the relay's own row.
func (r *Relay) markOwn(ctx context.Context, o *outbox.Outbox, since string) (own outbox.Mark, err error) {
	text := outbox.Keeper
	if r.marks.marker != nil {
		text, err = r.mark(ctx, o, since)
	}
	own, _ = r.marks.known()
	own.Text = text
	return own, err
}
