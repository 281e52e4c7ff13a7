package timak

import (
	"context"
	"slices"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// list is what a reader sees of a timeline, in order. Entries are decoded when they
// are asked for.
type list struct {
	n     int
	at    func(i int) *state.Entry
	err   func() error // why an entry could not be decoded; such an entry reads as zero
	floor state.Floor
	front bool // only its first entries can be read
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
	return list{n: len(entries), at: func(i int) *state.Entry { return &entries[i] }, err: func() error { return nil }}
}

// list returns what is visible under key. With ErrCorrupt it also returns what the
// undamaged siblings say, if there are any.
func (t *Timelines) list(ctx context.Context, key string) (list, error) {
	object, err := t.fetch(ctx, key)
	if err != nil {
		return list{}, err
	}
	return t.listOf(ctx, key, object)
}

// listOf returns what is visible of an object that was fetched.
func (t *Timelines) listOf(ctx context.Context, key string, object driver.Object) (list, error) {
	if l, ok := t.listOfPile(key, object.Siblings); ok {
		return l, nil
	}
	s, err := t.merge(ctx, key, object.Siblings)
	t.tidy(ctx, key, &s, object, err)
	return t.seen(&s), err
}

// listOfPile returns what is visible of a pile; ok is false for siblings that must be merged.
func (t *Timelines) listOfPile(key string, siblings [][]byte) (l list, ok bool) {
	p, ok := pileOf(key, siblings)
	if !ok {
		return list{}, false
	}
	view, ok := wire.Open(key, p.base)
	if !ok {
		return list{}, false
	}
	if len(p.additions) == 0 {
		return t.viewed(view), true
	}
	added, mentioned := p.added()
	hidden := view.Find(mentioned)
	if t.opts.Order == OldestFirst {
		slices.Reverse(hidden)
		for n, i := range hidden {
			hidden[n] = view.Len() - 1 - i
		}
	}
	return t.bounded(overlaid(t.order(), t.all(view), hidden, added), view.Floor()), true
}

// seen returns what is visible of a state.
func (t *Timelines) seen(s *state.State) list {
	entries := s.Visible(t.order())
	return t.bounded(listed(entries), s.Floor())
}

// bounded returns a list of all items without those that a reader does not see: its floor
// is at the first of them, if it is not higher.
func (t *Timelines) bounded(l list, floor state.Floor) list {
	if l.n > t.opts.MaxItems {
		floor = floor.Raised(t.order(), l.at(t.opts.MaxItems).Position())
		l.n = t.opts.MaxItems
	}
	l.floor = floor
	return l
}

// viewed returns what is visible of a value that is read in parts.
func (t *Timelines) viewed(view *wire.View) list { return t.bounded(t.all(view), view.Floor()) }

// all returns all items of a value that is read in parts.
func (t *Timelines) all(view *wire.View) list {
	n, at := view.Len(), view.At
	if t.opts.Order == OldestFirst {
		at = func(i int) *state.Entry { return view.At(n - 1 - i) }
	}
	return list{n: n, at: at, err: view.Err}
}
