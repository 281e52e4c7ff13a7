package timak_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
)

func (r replica) page(t tb, query timak.Query, keys ...string) timak.Page {
	t.Helper()
	page, err := r.PageOf(t.Context(), keys, query)
	if err != nil {
		t.Fatalf("PageOf(%q, %+v): %v", keys, query, err)
	}
	r.AwaitRepairs()
	return page
}

func idsOf(items []timak.Item) []string {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	return ids
}

// numbered puts items 1 to n with ascending dates.
func (r replica) numbered(t tb, n int) {
	t.Helper()
	for i := 1; i <= n; i++ {
		r.apply(t, timak.Put(timak.Item{ID: fmt.Sprint(i), At: at(int64(i))}))
	}
}

// forward reads pages from the beginning to the end; backward reads from the page
// after the last to the beginning.
func (r replica) forward(t tb, limit int, keys ...string) (pages []timak.Page) {
	t.Helper()
	query := timak.Query{Limit: limit}
	for range 100 {
		page := r.page(t, query, keys...)
		pages = append(pages, page)
		if !page.More {
			return pages
		}
		query.Cursor = page.Next
	}
	t.Fatalf("there are more pages after 100 by %d: %+v", limit, pages)
	return nil
}

func (r replica) backward(t tb, limit int, from string, keys ...string) (pages []timak.Page) {
	t.Helper()
	query := timak.Query{Limit: limit, Cursor: from}
	for range 100 {
		page := r.page(t, query, keys...)
		pages = slices.Insert(pages, 0, page)
		if page.First {
			return pages
		}
		query.Cursor = page.Prev
	}
	t.Fatalf("there are more pages before 100 by %d: %+v", limit, pages)
	return nil
}

func itemsOf(pages []timak.Page) (items []timak.Item) {
	for _, page := range pages {
		items = append(items, page.Items...)
	}
	return items
}

// Paging forward and backward shows each item once, whatever the limit.
func TestPagesAreTheTimeline(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawnReplica(t, timak.Options{Order: orders().Draw(t, "order")})
		for i := range rapid.IntRange(0, 12).Draw(t, "items") {
			r.apply(t, timak.Put(timak.Item{ID: fmt.Sprint(i), At: at(rapid.Int64Range(0, 4).Draw(t, "date"))}))
		}
		limit := rapid.IntRange(1, 14).Draw(t, "limit")
		want := r.items(t)
		pages := r.forward(t, limit, key)
		if d := diff(itemsOf(pages), want); d != "" {
			t.Fatalf("forward by %d (-want +got)\n%s", limit, d)
		}
		for i, page := range pages {
			if page.First != (i == 0) || page.More != (i < len(pages)-1) || page.More && len(page.Items) != limit {
				t.Fatalf("page %d of %d by %d: got %+v", i, len(pages), limit, page)
			}
		}
		if len(want) == 0 {
			return
		}
		end := r.page(t, timak.Query{Limit: limit, Cursor: pages[len(pages)-1].Next}, key)
		if len(end.Items) > 0 || end.More || end.First || end.Next != "" || end.Prev == "" {
			t.Fatalf("after the last page: got %+v", end)
		}
		if d := diff(itemsOf(r.backward(t, limit, end.Prev, key)), want); d != "" {
			t.Fatalf("backward by %d (-want +got)\n%s", limit, d)
		}
	})
}

func TestPageOfNothing(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	for _, keys := range [][]string{{"a"}, {"a", "b"}} {
		got := r.page(t, timak.Query{}, keys...)
		if d := diff(got, timak.Page{First: true}); d != "" {
			t.Errorf("unwritten %q (-want +got)\n%s", keys, d)
		}
	}
	r.apply(t, timak.Put(timak.Item{ID: "gone"}))
	query := timak.Query{Cursor: r.page(t, timak.Query{}, key).Next}
	r.apply(t, timak.Remove("gone"))
	if d := diff(r.page(t, query, key), timak.Page{First: true}); d != "" {
		t.Errorf("after the only item, which is gone (-want +got)\n%s", d)
	}
}

func TestPageLimits(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.numbered(t, 21)
	if got := r.page(t, timak.Query{}, key); len(got.Items) != 20 || !got.More {
		t.Errorf("default limit: got %d items, more %v; want 20 of 21", len(got.Items), got.More)
	}
	if got := r.page(t, timak.Query{Limit: timak.MaxLimit}, key); len(got.Items) != 21 || got.More {
		t.Errorf("limit %d: got %d items, more %v; want all 21", timak.MaxLimit, len(got.Items), got.More)
	}
}

// A cursor names a place, so it stays valid while items come and go on both sides
// of it, while its own item goes, and while items fall off.
func TestCursorsStayValid(t *testing.T) {
	t.Parallel()
	put := func(id string, date int64) timak.Op { return timak.Put(timak.Item{ID: id, At: at(date)}) }
	for _, tt := range []struct {
		name       string
		ops        []timak.Op
		next, prev []string
	}{
		{"nothing", nil, []string{"3", "2"}, []string{"6"}},
		{"an item comes first", []timak.Op{put("9", 9)}, []string{"3", "2"}, []string{"9", "6"}},
		{"an item comes last", []timak.Op{put("0", 0)}, []string{"3", "2"}, []string{"6"}},
		{"an item comes right after", []timak.Op{put("33", 3)}, []string{"33", "3"}, []string{"6"}},
		{"an item comes right before", []timak.Op{put("55", 5)}, []string{"3", "2"}, []string{"6", "55"}},
		{"an item comes inside", []timak.Op{put("44", 4)}, []string{"3", "2"}, []string{"6"}},
		{"the last item goes", []timak.Op{timak.Remove("4")}, []string{"3", "2"}, []string{"6"}},
		{"the first item goes", []timak.Op{timak.Remove("5")}, []string{"3", "2"}, []string{"6"}},
		{"the next item goes", []timak.Op{timak.Remove("3")}, []string{"2", "1"}, []string{"6"}},
		{"the last item moves up", []timak.Op{put("4", 10)}, []string{"3", "2"}, []string{"4", "6"}},
		{"the last item moves down", []timak.Op{put("4", 0)}, []string{"3", "2"}, []string{"6"}},
		{"all after fall off", []timak.Op{
			put("91", 91), put("92", 92), put("93", 93), put("94", 94), put("95", 95), put("96", 96), put("97", 97),
		}, nil, []string{"91", "6"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newReplica(timak.Options{MaxItems: 10})
			r.numbered(t, 6)
			first := r.page(t, timak.Query{Limit: 1}, key)
			page := r.page(t, timak.Query{Limit: 2, Cursor: first.Next}, key)
			if d := diff(idsOf(page.Items), []string{"5", "4"}); d != "" {
				t.Fatalf("second page (-want +got)\n%s", d)
			}
			r.apply(t, tt.ops...)
			next := r.page(t, timak.Query{Limit: 2, Cursor: page.Next}, key)
			if d := diff(idsOf(next.Items), tt.next); d != "" {
				t.Errorf("next (-want +got)\n%s", d)
			}
			prev := r.page(t, timak.Query{Limit: 2, Cursor: page.Prev}, key)
			if d := diff(idsOf(prev.Items), tt.prev); d != "" {
				t.Errorf("prev (-want +got)\n%s", d)
			}
		})
	}
}

// A reader at the top polls for new items with Prev, and continues from there; an
// empty answer leads back.
func TestPollingForNewItems(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.numbered(t, 2)
	top := r.page(t, timak.Query{}, key)
	nothing := r.page(t, timak.Query{Cursor: top.Prev}, key)
	if len(nothing.Items) > 0 || !nothing.First || !nothing.More || nothing.Prev != "" {
		t.Errorf("nothing new: got %+v", nothing)
	}
	back := r.page(t, timak.Query{Cursor: nothing.Next}, key)
	if d := diff(back.Items, top.Items); d != "" {
		t.Errorf("from nothing new on (-want +got)\n%s", d)
	}
	r.numbered(t, 4)
	if got := r.page(t, timak.Query{Cursor: top.Prev}, key); diff(idsOf(got.Items), []string{"4", "3"}) != "" || !got.First || !got.More {
		t.Errorf("two new items: got %+v", got)
	}
}

// Items with the same date are ordered by id, shorter ones first, and paged in this
// order.
func TestEqualDates(t *testing.T) {
	t.Parallel()
	rising := []string{"posts:9", "users:1", "posts:10", "posts:11", "posts:100"}
	for order, want := range map[timak.Order][]string{
		timak.OldestFirst: rising,
		timak.NewestFirst: {"posts:100", "posts:11", "posts:10", "users:1", "posts:9"},
	} {
		r := newReplica(timak.Options{Order: order})
		for _, id := range []string{"posts:11", "users:1", "posts:100", "posts:9", "posts:10"} {
			r.apply(t, timak.Put(timak.Item{ID: id, At: at(1)}))
		}
		for limit := 1; limit <= 6; limit++ {
			if got := idsOf(itemsOf(r.forward(t, limit, key))); diff(got, want) != "" {
				t.Errorf("order %d, limit %d: got %q, want %q", order, limit, got, want)
			}
		}
	}
}
