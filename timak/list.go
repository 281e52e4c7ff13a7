package timak

import (
	"context"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// list is what a reader sees of a timeline, in order. Entries are decoded when they
// are asked for.
type list struct {
	n   int
	at  func(i int) *state.Entry
	err func() error // why an entry could not be decoded; such an entry reads as zero
}

// part returns the entries from start up to end.
func (l list) part(start, end int) []state.Entry {
	entries := make([]state.Entry, 0, end-start)
	for i := start; i < end; i++ {
		entries = append(entries, *l.at(i))
	}
	return entries
}

// listed returns a list of decoded entries.
func listed(entries []state.Entry) list {
	return list{len(entries), func(i int) *state.Entry { return &entries[i] }, func() error { return nil }}
}

// list returns what is visible under key. With ErrCorrupt it also returns what the
// undamaged siblings say, if there are any.
func (t *Timelines) list(ctx context.Context, key string) (list, error) {
	object, err := t.fetch(ctx, key)
	if err != nil {
		return list{}, err
	}
	if len(object.Siblings) == 1 {
		if view, ok := wire.Open(key, object.Siblings[0]); ok {
			return t.viewed(view), nil
		}
	}
	s, err := t.merge(ctx, key, object.Siblings)
	if err == nil && len(object.Siblings) > 1 {
		t.repair(ctx, key, &s, object.Token)
	}
	return listed(t.visible(&s)), err
}

// viewed returns what is visible of a value that is read in parts.
func (t *Timelines) viewed(view *wire.View) list {
	n, at := view.Len(), view.At
	if t.opts.Order == OldestFirst {
		at = func(i int) *state.Entry { return view.At(n - 1 - i) }
	}
	return list{min(n, t.opts.MaxItems), at, view.Err}
}
