package timak

import (
	"context"
	"fmt"
	"sort"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak/internal/state"
)

// What a reader has seen is a place in the timeline. It is kept beside the timeline, as
// the only item of another one: that holds the newest place that any writer has marked,
// whatever the order in which they come together.

// seenPrefix begins the key of what has been seen of a timeline. No template of
// timakgorm makes a key that begins so.
const seenPrefix = "\x00seen\x00"

// seenBy returns the engine for places that were seen, and their key. A place has its
// date as its version, so that of one item the latest date wins, too.
func (t *Timelines) seenBy(key string) (*Timelines, string) {
	places := t.Bounded(1)
	places.opts.Order = NewestFirst
	return places, seenPrefix + key
}

// MarkSeen notes that a reader has seen the timeline under key up to the item that a
// cursor belongs to, and all that is older: with Page.Prev of a page in the order
// NewestFirst, everything on the page. What was seen before stays seen. An empty cursor,
// as an empty timeline has, changes nothing.
//
// It returns ErrBadCursor for a cursor of other keys, and ErrKey for a key that is longer
// than MaxKeyLen less 6.
func (t *Timelines) MarkSeen(ctx context.Context, key, cursor string) error {
	from, err := newScope(t.order(), []string{key}).place(cursor)
	if err != nil {
		return fmt.Errorf("timak: mark seen: %w", err)
	}
	if from == nil {
		return nil
	}
	places, seen := t.seenBy(key)
	mark := Put(Item{ID: from.at.ID, At: time.UnixMicro(from.at.Date)}).WithVersion(min(max(from.at.Date, 1), MaxVersion))
	if err := places.write(seen, &change{ctx: ctx, ops: []Op{mark}}); err != nil {
		return fmt.Errorf("timak: mark %q seen: %w", key, err)
	}
	return nil
}

// Unread returns how many items of the timeline under key are newer than what has been
// seen of it, but at most limit, from 1 to MaxLimit. If nothing has been seen, all are.
// It costs two fetches, side by side.
func (t *Timelines) Unread(ctx context.Context, key string, limit int) (int, error) {
	if limit < 1 || limit > MaxLimit {
		return 0, fmt.Errorf("timak: unread: %w, got %d", ErrLimit, limit)
	}
	var shown, seen list
	var both errgroup.Group
	both.Go(func() (err error) {
		shown, err = t.first(ctx, key, limit)
		return err
	})
	both.Go(func() (err error) {
		places, beside := t.seenBy(key)
		seen, err = places.list(ctx, beside)
		return err
	})
	if err := both.Wait(); err != nil {
		return 0, fmt.Errorf("timak: unread of %q: %w", key, err)
	}
	if t.opts.Order == NewestFirst {
		shown.n = min(shown.n, limit)
	}
	unread := t.newer(shown, seen)
	for _, read := range []list{shown, seen} {
		if err := read.err(); err != nil {
			return 0, fmt.Errorf("timak: unread of %q: %w", key, err)
		}
	}
	return min(unread, limit), nil
}

// newer returns how many items of a list are newer than the place in another; all, if
// there is none.
func (t *Timelines) newer(shown, seen list) int {
	if seen.n == 0 {
		return shown.n
	}
	place := seen.at(0).Position()
	newer := func(i int) bool { return state.NewestFirst.Compare(shown.at(i).Position(), place) < 0 }
	if t.opts.Order == OldestFirst {
		return shown.n - sort.Search(shown.n, newer)
	}
	return sort.Search(shown.n, func(i int) bool { return !newer(i) })
}
