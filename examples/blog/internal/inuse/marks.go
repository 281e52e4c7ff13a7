package inuse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/timak-go/timak/timak"
)

// marksKey is the key of the timeline that holds the marks of a store. It is a timeline,
// so that a copy of the store has it, too. No rule makes this key.
const marksKey = "blog:database"

// marks are what a store says of itself.
type marks struct {
	now     bool     // it holds the timelines of the database
	begun   bool     // a move of the timelines to it, the latest, has begun
	ours    []string // all marks of the database: it holds the timelines, or has held some once
	foreign bool     // it holds those of another database
}

// ever reports whether the store has ever held timelines of the database.
func (m marks) ever() bool { return len(m.ours) > 0 }

// mark returns the id of the item that marks the store as the one that holds all timelines.
// A copy in a store of another kind is no such mark: nobody knows what has changed since it
// was made.
func (n note) mark() string { return fmt.Sprintf("%s:%s:%s", n.Database, n.Kind, n.Generation) }

// begun returns the id of the item that says that a move to the store has begun, and
// that it may hold some timelines from then on.
func (n note) begun() string { return n.mark() + ":begun" }

// marks reads the marks of the store.
func (u *Use) marks(ctx context.Context, n note) (m marks, err error) {
	timeline, err := u.timelines.Get(ctx, marksKey)
	if err != nil {
		return m, fmt.Errorf("read the mark of the timelines: %w", err)
	}
	for _, id := range timeline.IDs() {
		if !strings.HasPrefix(id, n.Database+":") {
			m.foreign = true
			continue
		}
		m.ours = append(m.ours, id)
		m.now = m.now || id == n.mark()
		m.begun = m.begun || id == n.begun()
	}
	return m, nil
}

// mark leaves a mark in the store.
func (u *Use) mark(ctx context.Context, id string) error {
	if _, err := u.timelines.Add(ctx, marksKey, timak.Item{ID: id, At: time.Now()}); err != nil {
		return fmt.Errorf("mark the store of the timelines: %w", err)
	}
	return nil
}

// claim leaves the first mark of a generation in a store that has none of another database.
// If another one has claimed it at the same time, it takes its mark back, and returns a
// *WrongError: a mark that stayed would keep the other from its store.
func (u *Use) claim(ctx context.Context, n note, id string) error {
	if err := u.mark(ctx, id); err != nil {
		return err
	}
	m, err := u.marks(ctx, n)
	if err == nil && m.foreign {
		err = u.giveUp(ctx, id)
	}
	return err
}

// giveUp leaves the store to another database: it takes marks back, and returns a
// *WrongError.
func (u *Use) giveUp(ctx context.Context, ids ...string) error {
	var errs []error
	for _, id := range ids {
		if _, err := u.timelines.Delete(ctx, marksKey, id); err != nil {
			errs = append(errs, fmt.Errorf("take back the mark of the timelines: %w", err))
		}
	}
	return errors.Join(append(errs, foreign(u.config))...)
}
