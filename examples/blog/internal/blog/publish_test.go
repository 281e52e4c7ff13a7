package blog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

// A post is where it was published first; it is edited if that was later.
func TestPublish(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		ctx, start := t.Context(), time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
		w.now = start
		b := w.open()
		at := func(hour int) time.Time { return start.Add(time.Duration(hour) * time.Hour) }
		brett, _, err := b.SignUp(ctx, "brett", "12345678", "")
		if err != nil {
			t.Fatal(err)
		}
		draft := must(b.Write(ctx, brett, "draft", "text", true))
		w.now = at(1)
		must(b.Write(ctx, brett, "post", "text", false))
		edit := func(hour int, e blog.PostEdit) {
			t.Helper()
			w.now = at(hour)
			must(b.Edit(ctx, brett, draft.ID, e))
		}
		yes, no, title, same := true, false, "title", "text"
		shows := func(want string) {
			t.Helper()
			got := ""
			for _, p := range site(t, b) {
				got += fmt.Sprintf("%s %v %v;", p.Title, hour(p.PublishedAt, start), hour(p.EditedAt, start))
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		shows("post 1 -1;")
		edit(2, blog.PostEdit{Body: &title}) // a draft is not edited
		edit(3, blog.PostEdit{Draft: &no})
		shows("draft 3 -1;post 1 -1;")
		edit(4, blog.PostEdit{Body: &title}) // as it was
		shows("draft 3 -1;post 1 -1;")
		edit(5, blog.PostEdit{Title: &title})
		shows("title 3 5;post 1 -1;")
		edit(6, blog.PostEdit{Draft: &yes})
		shows("post 1 -1;")
		edit(7, blog.PostEdit{Draft: &no, Body: &same})
		shows("title 3 7;post 1 -1;")
	})
}

// hour returns a date as hours since the start; -1 for none.
func hour(date *time.Time, start time.Time) int {
	if date == nil {
		return -1
	}
	return int(date.Sub(start) / time.Hour)
}

// Lists count comments, as they are now and up to a bound.
func TestSummaries_comments(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		ctx := t.Context()
		b := w.open()
		brett, _, err := b.SignUp(ctx, "brett", "12345678", "")
		if err != nil {
			t.Fatal(err)
		}
		post := must(b.Write(ctx, brett, "a", "", false))
		must(b.Write(ctx, brett, "b", "", false))
		comment := must(b.Comment(ctx, brett, post.ID, "one"))
		must(b.Comment(ctx, brett, post.ID, "two"))
		posts := site(t, b)
		if posts[0].Comments != 0 || posts[1].Comments != 2 {
			t.Errorf("got %+v, want none and 2 comments", posts)
		}
		stamps := must(b.Stamps(ctx, must(b.SitePage(ctx, timak.Query{}))))
		if len(stamps) != 2 || stamps[0] != posts[0].Stamp() || stamps[1] != posts[1].Stamp() || stamps[0].Updated == 0 {
			t.Errorf("got the stamps %+v of %+v", stamps, posts)
		}
		must(b.DeleteComment(ctx, brett, comment.ID))
		many := make([]blog.Comment, blog.MaxComments+5)
		for i := range many {
			many[i] = blog.Comment{PostID: post.ID, AuthorID: brett.ID, AuthorName: "brett", Body: "x"}
		}
		if posts := site(t, b); posts[1].Comments != 1 {
			t.Errorf("got %+v, want 1 comment", posts)
		}
		if err := w.db.CreateInBatches(many, 500).Error; err != nil {
			t.Fatal(err)
		}
		if posts := site(t, b); posts[1].Comments != blog.MaxComments {
			t.Errorf("got %d comments, want the bound", posts[1].Comments)
		}
	})
}

// Drafts are read page by page, the newest first.
func TestDrafts(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		b := w.open()
		brett, _, err := b.SignUp(t.Context(), "brett", "12345678", "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			must(b.Write(t.Context(), brett, fmt.Sprint(i), "", i != 2))
		}
		got, query := "", timak.Query{Limit: 2}
		for {
			page := must(b.Drafts(t.Context(), brett, query))
			for _, draft := range page.Drafts {
				got += draft.Title
			}
			if query.Cursor = page.Next; query.Cursor == "" {
				break
			}
			got += "|"
		}
		if got != "43|10" {
			t.Errorf("got %s, want 43|10", got)
		}
		query.Cursor = "nonsense"
		if _, err := b.Drafts(t.Context(), brett, query); err == nil {
			t.Error("a cursor that is none: got no error")
		}
	})
}
