package timak_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
)

// table is where a timeline's items come from: it has all of them.
type table struct {
	order timak.Order
	items map[string]timak.Item
	asked int
}

// sorted returns all items in order.
func (b *table) sorted() []timak.Item {
	all := make([]timak.Item, 0, len(b.items))
	for _, item := range b.items {
		all = append(all, item)
	}
	slices.SortFunc(all, func(x, y timak.Item) int {
		if b.order.Before(x, y) {
			return -1
		}
		return 1
	})
	return all
}

// rest answers with more than it is asked for, in no order.
func (b *table) rest(_ context.Context, r timak.Range) ([]timak.Item, error) {
	b.asked++
	if r.Limit < 1 {
		return nil, fmt.Errorf("limit %d", r.Limit)
	}
	all := b.sorted()
	slices.Reverse(all)
	return all, nil
}

// through reads all pages from a cursor on, forward or backward, in the timeline's order.
func (b *table) through(t tb, r replica, limit int, cursor string, backward bool) (pages []timak.Page) {
	t.Helper()
	for range 200 {
		page, err := r.PageThrough(t.Context(), key, timak.Query{Limit: limit, Cursor: cursor}, b.rest)
		if err != nil {
			t.Fatalf("page: %v", err)
		}
		if backward {
			pages = slices.Insert(pages, 0, page)
			cursor = page.Prev
		} else {
			pages = append(pages, page)
			cursor = page.Next
		}
		if backward && page.First || !backward && !page.More {
			return pages
		}
	}
	t.Fatalf("there is no end")
	return nil
}

// change puts, moves or removes an item in the table and on the timeline.
func (b *table) change(t *rapid.T, r replica) {
	id := fmt.Sprint(rapid.IntRange(0, 15).Draw(t, "id"))
	if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
		delete(b.items, id)
		r.apply(t, timak.Remove(id))
		return
	}
	b.items[id] = timak.Item{ID: id, At: at(rapid.Int64Range(0, 12).Draw(t, "date"))}
	r.apply(t, timak.Put(b.items[id]))
}

// However small a timeline is, its pages and the table's are those of the table, forward
// and backward. A page that lies on the timeline does not ask the table.
func TestPageThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opts := timak.Options{Order: orders().Draw(t, "order"), MaxItems: rapid.IntRange(1, 6).Draw(t, "capacity")}
		r, b := drawnReplica(t, opts), &table{order: opts.Order, items: map[string]timak.Item{}}
		for range rapid.IntRange(0, 40).Draw(t, "changes") {
			b.change(t, r)
		}
		limit := rapid.IntRange(1, 9).Draw(t, "limit")
		want := b.sorted()
		pages := b.through(t, r, limit, "", false)
		if d := diff(itemsOf(pages), want); d != "" {
			t.Fatalf("forward by %d (-want +got)\n%s", limit, d)
		}
		beyond := 0
		for i, page := range pages {
			beyond += page.Beyond
			if page.First != (i == 0) || page.More && len(page.Items) != limit {
				t.Fatalf("page %d of %d: got %+v", i, len(pages), page)
			}
		}
		if least := len(want) - opts.MaxItems; beyond < least {
			t.Fatalf("%d items came from past the end, want at least %d", beyond, least)
		}
		if len(want) == 0 {
			return
		}
		last := pages[len(pages)-1]
		end, err := r.PageThrough(t.Context(), key, timak.Query{Limit: limit, Cursor: last.Next}, b.rest)
		if err != nil || len(end.Items) > 0 || end.More || end.First || end.Prev == "" {
			t.Fatalf("after the last page: %+v, %v", end, err)
		}
		if d := diff(itemsOf(b.through(t, r, limit, end.Prev, true)), want); d != "" {
			t.Fatalf("backward by %d (-want +got)\n%s", limit, d)
		}
	})
}

// While items come and go, each that stays is seen once, in order.
func TestPageThrough_meanwhile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opts := timak.Options{Order: orders().Draw(t, "order"), MaxItems: rapid.IntRange(1, 8).Draw(t, "capacity")}
		r, b := drawnReplica(t, opts), &table{order: opts.Order, items: map[string]timak.Item{}}
		stay := map[string]timak.Item{}
		for n := range int64(20) {
			item := timak.Item{ID: fmt.Sprint("stays", n), At: at(n / 2)}
			b.items[item.ID], stay[item.ID] = item, item
			r.apply(t, timak.Put(item))
		}
		backward, query := rapid.Bool().Draw(t, "backward"), timak.Query{Limit: rapid.IntRange(1, 5).Draw(t, "limit")}
		if backward {
			pages := b.through(t, r, 10, "", false)
			end, err := r.PageThrough(t.Context(), key, timak.Query{Cursor: pages[len(pages)-1].Next}, b.rest)
			if err != nil {
				t.Fatal(err)
			}
			query.Cursor = end.Prev
		}
		var got []timak.Item
		for range 200 {
			page, err := r.PageThrough(t.Context(), key, query, b.rest)
			if err != nil {
				t.Fatal(err)
			}
			seen := slices.DeleteFunc(page.Items, func(i timak.Item) bool { return stay[i.ID].ID == "" })
			if backward {
				got = append(slices.Clone(seen), got...)
			} else {
				got = append(got, seen...)
			}
			if backward && page.First || !backward && !page.More {
				break
			}
			query.Cursor = page.Next
			if backward {
				query.Cursor = page.Prev
			}
			for range rapid.IntRange(0, 3).Draw(t, "changes") {
				b.change(t, r)
			}
		}
		want := (&table{order: opts.Order, items: stay}).sorted()
		if d := diff(got, want); d != "" {
			t.Fatalf("backward %v (-want +got)\n%s", backward, d)
		}
	})
}

// numbered are n items, the last of which is the newest.
func numbered(n int64) *table {
	b := &table{items: map[string]timak.Item{}}
	for i := range n {
		b.items[fmt.Sprint(i)] = timak.Item{ID: fmt.Sprint(i), At: at(i)}
	}
	return b
}

// What one sibling has dropped, siblings together lack.
func TestPageThrough_siblings(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		small, large, b := newReplica(timak.Options{MaxItems: 3}), newReplica(timak.Options{}), numbered(9)
		for _, item := range b.sorted()[1:] {
			small.apply(t, timak.Put(item))
		}
		if large.apply(t, timak.Put(b.items["8"])); first {
			large.receive(t, small.siblings(t)...)
		} else {
			small.receive(t, large.siblings(t)...)
			large = replicaOver(small.store, timak.Options{})
		}
		if d := diff(itemsOf(b.through(t, large, 2, "", false)), b.sorted()); d != "" {
			t.Errorf("%v (-want +got)\n%s", first, d)
		}
	}
}

// A reader who sees fewer items than there are reads the others past the end.
func TestPageThrough_bounded(t *testing.T) {
	t.Parallel()
	r, b := newReplica(timak.Options{}), numbered(9)
	for _, item := range b.items {
		r.apply(t, timak.Put(item))
	}
	bounded := replica{r.Bounded(2), r.store}
	if d := diff(itemsOf(b.through(t, bounded, 4, "", false)), b.sorted()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// An item that has a new place in the table, and not yet on the timeline, is on a page
// once.
func TestPageThrough_moved(t *testing.T) {
	t.Parallel()
	r, b := newReplica(timak.Options{MaxItems: 3}), numbered(6)
	for _, item := range b.items {
		r.apply(t, timak.Put(item))
	}
	b.items["5"] = timak.Item{ID: "5", At: at(0)}
	page, err := r.PageThrough(t.Context(), key, timak.Query{}, b.rest)
	if d := diff(idsOf(page.Items), []string{"5", "4", "3", "2", "1", "0"}); err != nil || d != "" {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
}

// A timeline that lacks nothing never asks; one whose floor was raised does, and so does
// one with fewer items than it could have.
func TestPageThrough_asks(t *testing.T) {
	t.Parallel()
	r, b := newReplica(timak.Options{}), &table{items: map[string]timak.Item{}}
	for n := range int64(30) {
		b.items[fmt.Sprint(n)] = timak.Item{ID: fmt.Sprint(n), At: at(n)}
		if n >= 10 {
			r.apply(t, timak.Put(b.items[fmt.Sprint(n)]))
		}
	}
	for range 2 {
		if pages := b.through(t, r, 20, "", false); b.asked > 0 || len(itemsOf(pages)) != 20 {
			t.Fatalf("without a floor: asked %d times, got %d items", b.asked, len(itemsOf(pages)))
		}
		r.apply(t, timak.Put(b.items["29"]))
	}
	floor := timak.RaiseFloor(timak.Place{At: at(12), ID: "12"})
	r.apply(t, floor, timak.RaiseFloor(timak.Place{At: at(5), ID: "5"}))
	page, err := r.PageThrough(t.Context(), key, timak.Query{Limit: 17}, b.rest)
	if err != nil || b.asked != 1 || page.Beyond != 0 || !page.More {
		t.Errorf("up to the floor: asked %d times, got %+v, %v", b.asked, page, err)
	}
	page, err = r.PageThrough(t.Context(), key, timak.Query{Limit: 16}, b.rest)
	if err != nil || b.asked != 1 || !page.More {
		t.Errorf("above the floor: asked %d times in all, got %+v, %v", b.asked, page, err)
	}
	if d := diff(itemsOf(b.through(t, r, 7, "", false)), b.sorted()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	entries, err := r.Entries(t.Context(), key)
	if err != nil || !entries.Lacks(timak.Place{At: at(12), ID: "12"}) || entries.Lacks(timak.Place{At: at(13), ID: "13"}) {
		t.Errorf("the floor is not where it was put: %v", err)
	}
}

func TestPageThrough_errors(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{MaxItems: 1})
	r.apply(t, timak.Put(timak.Item{ID: "1", At: at(1)}), timak.Put(timak.Item{ID: "2", At: at(2)}))
	away := errors.New("the database is away")
	failing := func(context.Context, timak.Range) ([]timak.Item, error) { return nil, away }
	if _, err := r.PageThrough(t.Context(), key, timak.Query{}, failing); !errors.Is(err, away) {
		t.Errorf("got %v, want the error of the rest", err)
	}
	if _, err := r.PageThrough(t.Context(), key, timak.Query{Cursor: "x"}, failing); !errors.Is(err, timak.ErrBadCursor) {
		t.Errorf("got %v, want ErrBadCursor", err)
	}
	if _, err := r.PageThrough(t.Context(), key, timak.Query{Limit: -1}, failing); !errors.Is(err, timak.ErrLimit) {
		t.Errorf("got %v, want ErrLimit", err)
	}
}

// An item that fell off where one of its sources puts it belongs above the floor again when
// that source goes.
func TestPageThrough_shared(t *testing.T) {
	t.Parallel()
	r, b := newReplica(timak.Options{MaxItems: 2}), &table{items: map[string]timak.Item{}}
	put := func(id, source string, date, version int64) {
		b.items[id] = timak.Item{ID: id, At: at(date)}
		r.apply(t, timak.Put(timak.Item{ID: id, Source: source, At: at(date)}).WithVersion(version))
	}
	put("x", "p", 100, 1)
	put("a", "", 90, 1)
	put("x", "q", 5, 2)
	put("b", "", 80, 1) // x falls off
	r.apply(t, timak.RemoveEntry("x", "q").WithVersion(3))
	b.items["x"] = timak.Item{ID: "x", At: at(100)}
	if d := diff(itemsOf(b.through(t, r, 2, "", false)), b.sorted()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// What no timeline may hold is not on a page, and dates are as a timeline holds them.
func TestPageThrough_placeable(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{MaxItems: 1})
	r.apply(t, timak.Put(timak.Item{ID: "1", At: at(1)}), timak.Put(timak.Item{ID: "2", At: at(2)}))
	fine := time.Unix(0, 1999).In(time.FixedZone("", 3600))
	page, err := r.PageThrough(t.Context(), key, timak.Query{}, func(context.Context, timak.Range) ([]timak.Item, error) {
		return []timak.Item{{ID: "1", At: fine}, {ID: strings.Repeat("y", timak.MaxIDLen+1), At: at(0)}}, nil
	})
	want := []timak.Item{{ID: "2", At: at(2)}, {ID: "1", At: at(1)}}
	if d := diff(page.Items, want); err != nil || d != "" {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
}

// A page before which nothing is left is the first, also past the end.
func TestPageThrough_first(t *testing.T) {
	t.Parallel()
	r, b := newReplica(timak.Options{MaxItems: 2}), numbered(6)
	for _, item := range b.items {
		r.apply(t, timak.Put(item))
	}
	page, err := r.PageThrough(t.Context(), key, timak.Query{Limit: 3}, b.rest)
	if err != nil {
		t.Fatal(err)
	}
	for n, id := range []string{"5", "4", "3"} {
		next, err := r.PageThrough(t.Context(), key, timak.Query{Limit: 3, Cursor: page.Next}, b.rest)
		if err != nil || next.First {
			t.Errorf("%d items before the page are gone: got %+v, %v", n, next, err)
		}
		delete(b.items, id)
		r.apply(t, timak.Remove(id))
	}
	if next, err := r.PageThrough(t.Context(), key, timak.Query{Limit: 3, Cursor: page.Next}, b.rest); err != nil || !next.First {
		t.Errorf("all items before the page are gone: got %+v, %v", next, err)
	}
}
