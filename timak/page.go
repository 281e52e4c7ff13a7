package timak

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak/internal/state"
)

// Query says which part of a timeline to read.
type Query struct {
	// Limit is the largest number of items to return, up to MaxLimit. Defaults
	// to 20.
	Limit int

	// Cursor is Page.Next or Page.Prev of an earlier page of the same keys. Empty
	// means the beginning of the timeline.
	Cursor string
}

const defaultLimit = 20

// Page is a part of a timeline.
type Page struct {
	// Items are in the timeline's order, whichever way the page was reached.
	Items []Item

	// Next is the cursor for what follows the last item, now or later, and Prev for
	// what precedes the first. Both are set whenever Items is not empty. On an
	// empty page each is set only if there is something to read with it.
	Next, Prev string

	// More reports whether items follow the page.
	More bool

	// First reports whether no items precede the page.
	First bool

	// Beyond is how many of the items PageThrough has read past the timeline's floor.
	Beyond int
}

// Page reads a part of the timeline under key. It costs one fetch. From a store that is a
// driver.PartGetter the first page fetches only the beginning of the value, and the whole
// as well if that was too little: if lately the items of pages were smaller.
func (t *Timelines) Page(ctx context.Context, key string, query Query) (Page, error) {
	page, err := t.pageOf(ctx, []string{key}, query)
	if err != nil {
		err = pageError(key, err)
	}
	return page, err
}

// pageError names the key, except in errors about the query: a query comes from a
// reader, who may be shown its error but not the key.
func pageError(key string, err error) error {
	if errors.Is(err, ErrBadCursor) || errors.Is(err, ErrLimit) {
		return fmt.Errorf("timak: page: %w", err)
	}
	return fmt.Errorf("timak: page of %q: %w", key, err)
}

// PageOf reads a part of several timelines as if they were one: each id once, as
// its newest version says. It costs one fetch per key, so a combination that is
// read often is better kept as a timeline of its own. At most MaxKeys keys.
func (t *Timelines) PageOf(ctx context.Context, keys []string, query Query) (Page, error) {
	page, err := t.pageOf(ctx, keys, query)
	if err != nil {
		err = fmt.Errorf("timak: page of %d timelines: %w", len(keys), err)
	}
	return page, err
}

func (t *Timelines) pageOf(ctx context.Context, keys []string, query Query) (Page, error) {
	s, from, err := t.asked(keys, &query)
	if err != nil {
		return Page{}, err
	}
	list, err := t.listFor(ctx, keys, from, query.Limit)
	if list.at == nil {
		return Page{}, err
	}
	page, corrupt := s.cut(list, from, query.Limit)
	return page, errors.Join(err, corrupt)
}

// asked checks what is asked for, and sets the default limit. It returns the scope of the
// keys and the place of the cursor.
func (t *Timelines) asked(keys []string, query *Query) (s scope, from *cursor, err error) {
	if len(keys) == 0 || len(keys) > MaxKeys {
		return s, nil, fmt.Errorf("%w, got %d", ErrKeys, len(keys))
	}
	if query.Limit == 0 {
		query.Limit = defaultLimit
	}
	if query.Limit < 0 || query.Limit > MaxLimit {
		return s, nil, fmt.Errorf("%w, got %d", ErrLimit, query.Limit)
	}
	s = newScope(t.order(), keys)
	from, err = s.place(query.Cursor)
	return s, from, err
}

// place parses the cursor; nil means the beginning.
func (s scope) place(text string) (*cursor, error) {
	if text == "" {
		return nil, nil
	}
	c, err := parseCursor(text, s)
	return &c, err
}

// listFor returns what is visible under keys, merged, as far as a page from a cursor's
// place needs it. With ErrCorrupt it also returns what could be read, if anything.
func (t *Timelines) listFor(ctx context.Context, keys []string, from *cursor, limit int) (list, error) {
	switch {
	case len(keys) > 1:
		return t.union(ctx, keys)
	case from == nil:
		return t.first(ctx, keys[0], limit+1)
	default:
		return t.list(ctx, keys[0])
	}
}

// union returns what is visible under several keys, merged.
func (t *Timelines) union(ctx context.Context, keys []string) (list, error) {
	lists, errs := make([][]state.Entry, len(keys)), make([]error, len(keys))
	var g errgroup.Group
	g.SetLimit(readsAtOnce)
	for i, key := range keys {
		g.Go(func() (err error) {
			if lists[i], err = t.readVisible(ctx, key); err != nil {
				errs[i] = fmt.Errorf("%q: %w", key, err)
			}
			return err
		})
	}
	err := g.Wait()
	if err != nil { // the first error, which may hide a worse one
		err = errors.Join(errs...)
	}
	for _, visible := range lists {
		if visible == nil {
			return list{}, err
		}
	}
	return listed(state.Union(t.order(), lists...)), err
}

// readsAtOnce is how many keys PageOf fetches concurrently.
const readsAtOnce = 16

// readVisible returns the visible entries under key, or nil if nothing was read.
func (t *Timelines) readVisible(ctx context.Context, key string) ([]state.Entry, error) {
	s, object, err := t.look(ctx, key)
	if err != nil && len(object.Siblings) == 0 {
		return nil, err
	}
	if visible := t.visible(&s); visible != nil {
		return visible, err
	}
	return []state.Entry{}, err
}

// cut returns the page of a list that a cursor names.
func (s scope) cut(all list, from *cursor, limit int) (Page, error) {
	start, end := 0, min(limit, all.n)
	if from != nil {
		start, end = s.bounds(all, *from, limit)
	}
	entries := all.part(start, end)
	if all.err() != nil {
		return Page{}, all.err()
	}
	shown, err := items(entries)
	if err != nil {
		return Page{}, err
	}
	return s.linked(Page{Items: shown, More: end < all.n, First: start == 0}, from), nil
}

// linked returns a page with its cursors.
func (s scope) linked(page Page, from *cursor) Page {
	switch n := len(page.Items); {
	case n > 0:
		page.Prev = cursor{at: page.Items[0].Place().position(), before: true, backward: true}.text(s)
		page.Next = cursor{at: page.Items[n-1].Place().position()}.text(s)
	case from != nil && page.More:
		page.Next = cursor{at: from.at, before: from.before}.text(s)
	case from != nil && !page.First:
		page.Prev = cursor{at: from.at, before: from.before, backward: true}.text(s)
	}
	return page
}

// bounds returns the range of a list to read from a cursor's place.
func (s scope) bounds(all list, from cursor, limit int) (start, end int) {
	place := sort.Search(all.n, func(i int) bool {
		c := s.order.Compare(all.at(i).Position(), from.at)
		return c > 0 || c == 0 && from.before
	})
	if from.backward {
		return max(0, place-limit), place
	}
	return place, min(all.n, place+limit)
}
