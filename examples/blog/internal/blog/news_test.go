package blog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

// News of a page are what is newer: no more than can be counted, nor what is not there any
// more.
func TestNews(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		b := w.open()
		brett := w.user(b, "brett")
		day, written := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 0
		write := func(n int) {
			t.Helper()
			rows := blog.Rows{}
			for range n {
				written++
				at := day.Add(time.Duration(written) * time.Second)
				rows.Posts = append(rows.Posts, blog.Post{AuthorID: brett.ID, AuthorName: "brett", Title: "t", CreatedAt: at, PublishedAt: &at})
			}
			if err := b.Fill(t.Context(), &rows); err != nil {
				t.Fatal(err)
			}
		}
		shown := func() string { return must(b.SitePage(t.Context(), timak.Query{Limit: 2})).Prev }
		empty := shown()
		wantNews(t, b, empty, 0, false)
		write(2)
		wantNews(t, b, empty, 2, false)
		page := shown()
		wantNews(t, b, page, 0, false)
		write(3)
		wantNews(t, b, page, 3, false)
		if err := b.DeletePost(t.Context(), brett, 4); err != nil {
			t.Fatal(err)
		}
		site(t, b) // delivered
		wantNews(t, b, page, 2, false)
		write(98)
		wantNews(t, b, page, 100, false)
		wantNews(t, b, empty, 100, true)
		write(1)
		wantNews(t, b, page, 100, true)
		if got := must(b.HomeNews(t.Context(), brett, "")); got.Count != 100 || !got.More {
			t.Errorf("at home: got %+v", got)
		}
		if got, err := b.HomeNews(t.Context(), brett, page); !errors.Is(err, timak.ErrBadCursor) {
			t.Errorf("a place on another list: got %v, %v", got, err)
		}
	})
}

// wantNews fails the test unless a page has so much news. From the place that they name, there
// is only what was not counted.
func wantNews(t *testing.T, b *blog.Blog, place string, count int, more bool) {
	t.Helper()
	got := must(b.SiteNews(t.Context(), place))
	if got.Count != count || got.More != more || (got.Place == place) != (count == 0) {
		t.Errorf("got %+v, want %d, more: %v", got, count, more)
	}
	if rest := must(b.SiteNews(t.Context(), got.Place)); (rest.Count > 0) != more && place != "" {
		t.Errorf("%+v remain after %+v", rest, got)
	}
}

// Watches say when news are worth a look, also of what another blog has delivered.
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
