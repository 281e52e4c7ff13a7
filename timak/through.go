package timak

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/timak-go/timak/timak/internal/state"
)

// Rest reads items from where those of a timeline come from, such as the tables of a
// database. It returns at least the first, or the last, Limit items of the range, or all
// of them if there are fewer; in any order, and perhaps with others.
type Rest func(ctx context.Context, r Range) ([]Item, error)

// PageThrough reads a part of the timeline under key, and goes on where the timeline may
// lack items: from its floor on, the page has what rest returns. The cursors are those of
// Page. It costs one fetch, and calls rest only for pages that reach the floor.
func (t *Timelines) PageThrough(ctx context.Context, key string, query Query, rest Rest) (Page, error) {
	page, err := t.pageThrough(ctx, key, query, rest)
	if err != nil {
		err = pageError(key, err)
	}
	return page, err
}

func (t *Timelines) pageThrough(ctx context.Context, key string, query Query, rest Rest) (Page, error) {
	s, from, err := t.asked([]string{key}, &query)
	if err != nil {
		return Page{}, err
	}
	all, err := t.listFor(ctx, []string{key}, from, query.Limit)
	fills := from == nil && err == nil && all.fills(s.order, query.Limit)
	if all.front && all.floor.Set && all.n > query.Limit && !fills {
		all, err = t.list(ctx, key)
	}
	if all.at == nil {
		return Page{}, err
	}
	if err != nil || fills || !all.floor.Set || all.floor.Order != s.order {
		page, corrupt := s.cut(all, from, query.Limit)
		return page, errors.Join(err, corrupt)
	}
	th := through{scope: s, above: all.above(s.order), floor: Bound{Place: placeOf(all.floor.At)}, limit: query.Limit}
	th.rest = func(r Range) ([]Item, error) { return t.placeable(rest(ctx, r)) }
	if from != nil && from.backward {
		return th.backward(from)
	}
	return th.forward(from)
}

// placeable returns the items that a timeline may hold, with dates as it holds them.
func (t *Timelines) placeable(found []Item, err error) ([]Item, error) {
	var kept []Item
	for _, item := range found {
		if t.check(Put(item)) == nil {
			item.At = time.UnixMicro(microseconds(item.At)).UTC()
			kept = append(kept, item)
		}
	}
	return kept, err
}

// fills reports whether the list has a first page of so many items, and one item more,
// before its floor.
func (l list) fills(order state.Order, items int) bool {
	return l.n > items && (!l.floor.Set || order.Compare(l.at(items).Position(), l.floor.At) < 0)
}

// above returns the part of a list before its floor.
func (l list) above(order state.Order) list {
	l.n = sort.Search(l.n, func(i int) bool { return order.Compare(l.at(i).Position(), l.floor.At) >= 0 })
	return l
}

// through is a list, and how to read what follows it.
type through struct {
	scope

	above list // what lies before the floor
	floor Bound
	rest  func(r Range) ([]Item, error)
	limit int // of a page
}

// ask returns the items of a range that are wanted, in order.
func (t *through) ask(r Range) ([]Item, error) {
	found, err := t.rest(r)
	if err != nil {
		return nil, fmt.Errorf("past the end: %w", err)
	}
	found = slices.DeleteFunc(found, func(i Item) bool { return !r.has(t.order, i.Place().position()) })
	slices.SortFunc(found, func(a, b Item) int { return t.order.Compare(a.Place().position(), b.Place().position()) })
	if r.Last {
		return found[max(0, len(found)-r.Limit):], nil
	}
	return found[:min(len(found), r.Limit)], nil
}

// from returns the later one of the floor and the place of a cursor.
func (t *through) from(c *cursor) Bound {
	if c != nil && c.bound().beyond(t.order, t.floor) {
		return c.bound()
	}
	return t.floor
}

func (t *through) forward(from *cursor) (Page, error) {
	start, end := 0, min(t.limit, t.above.n)
	if from != nil {
		start, end = t.bounds(t.above, *from, t.limit)
	}
	page := Page{First: start == 0 && t.from(from) == t.floor, More: end < t.above.n}
	var below []Item
	if room := t.limit - (end - start); !page.More {
		var err error
		if below, err = t.ask(Range{From: t.from(from), Limit: room + 1}); err != nil {
			return Page{}, err
		}
		page.More = len(below) > room
		below = below[:min(room, len(below))]
	}
	if t.above.n == 0 && !page.First {
		to := from.bound()
		before, err := t.ask(Range{From: t.floor, To: &to, Limit: 1, Last: true})
		if err != nil {
			return Page{}, err
		}
		page.First = len(before) == 0
	}
	return t.page(page, start, end, below, from)
}

func (t *through) backward(from *cursor) (Page, error) {
	_, end := t.bounds(t.above, *from, t.limit)
	to := from.bound()
	var below []Item
	if to.beyond(t.order, t.floor) {
		var err error
		if below, err = t.ask(Range{From: t.floor, To: &to, Limit: t.limit + 1, Last: true}); err != nil {
			return Page{}, err
		}
	}
	cut := len(below) > t.limit
	below = below[max(0, len(below)-t.limit):]
	start := max(0, end-(t.limit-len(below)))
	page := Page{First: start == 0 && !cut, More: end < t.above.n}
	if !page.More {
		next, err := t.ask(Range{From: t.from(from), Limit: 1})
		if err != nil {
			return Page{}, err
		}
		page.More = len(next) > 0
	}
	return t.page(page, start, end, below, from)
}

// page fills a page with a part of the list and what lies below it. An item that has
// moved meanwhile is on the page once.
func (t *through) page(page Page, start, end int, below []Item, from *cursor) (Page, error) {
	entries := t.above.part(start, end)
	if err := t.above.err(); err != nil {
		return Page{}, err
	}
	shown, err := items(entries)
	if err != nil {
		return Page{}, err
	}
	for _, item := range below {
		if !slices.ContainsFunc(shown, func(other Item) bool { return other.ID == item.ID }) {
			shown = append(shown, item)
			page.Beyond++
		}
	}
	page.Items = shown
	return t.linked(page, from), nil
}
