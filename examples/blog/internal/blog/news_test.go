package blog_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

// News of a page are what is newer: no more than can be counted, nor what is not there any
// more.
func TestNews(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		ctx := t.Context()
		w.now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		b := w.open()
		brett := w.user(b, "brett")
		anna := w.user(b, "anna")
		if err := b.Follow(ctx, anna, "brett"); err != nil {
			t.Fatal(err)
		}
		write := func(n int) {
			t.Helper()
			rows := blog.Rows{}
			for range n {
				w.now = w.now.Add(time.Second)
				at := w.now
				rows.Posts = append(rows.Posts, blog.Post{AuthorID: brett.ID, AuthorName: "brett", Title: "t", CreatedAt: at, PublishedAt: &at})
			}
			if err := b.Fill(ctx, &rows); err != nil {
				t.Fatal(err)
			}
		}
		for _, list := range []list{
			{"site", b.SitePage, b.SiteNews},
			{
				"home",
				func(ctx context.Context, q timak.Query) (timak.Page, error) { return b.HomePage(ctx, anna, q) },
				func(ctx context.Context, place string) (blog.News, error) { return b.HomeNews(ctx, anna, place) },
			},
		} {
			empty := list.shown(t)
			list.want(t, empty, 0, false)
			write(2)
			list.want(t, empty, 2, false)
			page := list.shown(t)
			list.want(t, page, 0, false)
			write(3)
			list.want(t, page, 3, false)
			list.want(t, empty, 5, false)
			newest := list.items(t)[0].ID
			var id uint
			must(fmt.Sscanf(newest, "posts:%d", &id))
			if err := b.DeletePost(ctx, brett, id); err != nil {
				t.Fatal(err)
			}
			site(t, b) // delivered
			list.want(t, page, 2, false)
			write(98)
			list.want(t, page, 100, false)
			write(1)
			list.want(t, page, 100, true)
			list.want(t, empty, 100, true)
			if err := b.DeleteAccount(ctx, brett, "12345678"); err != nil {
				t.Fatal(err)
			}
			site(t, b)
			list.want(t, page, 0, false)
			brett = w.user(b, "brett")
			if err := b.Follow(ctx, anna, "brett"); err != nil {
				t.Fatal(err)
			}
		}
		write(1)
		if got, err := b.HomeNews(ctx, anna, must(b.SitePage(ctx, timak.Query{})).Prev); !errors.Is(err, timak.ErrBadCursor) {
			t.Errorf("a place on another list: got %v, %v", got, err)
		}
	})
}

// list is a list of posts.
type list struct {
	name string
	page func(context.Context, timak.Query) (timak.Page, error)
	news func(context.Context, string) (blog.News, error)
}

// shown returns the place of the first page.
func (l list) shown(t *testing.T) string {
	t.Helper()
	return must(l.page(t.Context(), timak.Query{Limit: 10})).Prev
}

func (l list) items(t *testing.T) []timak.Item {
	t.Helper()
	return must(l.page(t.Context(), timak.Query{Limit: 10})).Items
}

// want fails the test unless a page has so much news. From the place that they name, there
// is only what was not counted.
func (l list) want(t *testing.T, place string, count int, more bool) {
	t.Helper()
	got := must(l.news(t.Context(), place))
	if got.Count != count || got.More != more || (got.Place == place) != (count == 0) {
		t.Errorf("%s: got %+v, want %d, more: %v", l.name, got, count, more)
	}
	rest := must(l.news(t.Context(), got.Place))
	if (rest.Count > 0) != more && place != "" {
		t.Errorf("%s: %+v remain after %+v", l.name, rest, got)
	}
}

// Watches say when news are worth a look, of their list and of no other, and there are not
// more than may be.
func TestWatch(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b, other := w.open(), w.open()
		brett := w.user(b, "brett")
		sites, homes := must(b.WatchSite(ctx)), must(b.WatchHome(ctx, brett))
		must(other.Write(ctx, brett, "t", "b", false))
		until(t, sites, func() bool { return must(b.SiteNews(ctx, "")).Count == 1 })
		until(t, homes, func() bool { return must(b.HomeNews(ctx, brett, "")).Count == 1 })
		for range blog.MaxWatches - 2 {
			must(b.WatchSite(ctx))
		}
		if _, err := b.WatchSite(ctx); !errors.Is(err, blog.ErrWatches) {
			t.Errorf("one watch more than may be: got %v", err)
		}
	})
}

// until waits until something that a watch tells of is so.
func until(t *testing.T, told <-chan string, so func() bool) {
	t.Helper()
	for timeout := time.After(time.Minute); ; {
		select {
		case <-told:
			if so() {
				return
			}
		case <-timeout:
			t.Fatal("not told for a minute")
		}
	}
}

// user makes an account.
func (w *world) user(b *blog.Blog, name string) blog.User {
	w.t.Helper()
	user, _, err := b.SignUp(w.t.Context(), name, "12345678", "")
	if err != nil {
		w.t.Fatal(err)
	}
	return user
}
