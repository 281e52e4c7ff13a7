package web_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web"
)

// Wherever a post is shown from, its comments lead on to others under the post.
func TestComments_pager(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	want(t, "write", brett.post("/write", "title", "t"), http.StatusSeeOther)
	for i := range 11 {
		want(t, "comment", brett.post("/posts/1/comments", "body", fmt.Sprint("comment ", i)), http.StatusSeeOther)
	}
	pages := []string{brett.get("/posts/1").Body.String(), brett.post("/posts/1/comments", "body", "").Body.String()}
	delete(brett.cookies, "blog_session")
	asked := brett.post("/posts/1/comments", "body", "kept")
	pages = append(pages, brett.post("/login", append(hidden(asked), "name", "brett", "password", "secret-of-brett")...).Body.String())
	next := regexp.MustCompile(`<a rel="next" href="([^"]*)"`)
	for i, page := range pages {
		found := next.FindStringSubmatch(page)
		if found == nil || !strings.HasPrefix(found[1], "/posts/1?cursor=") {
			t.Fatalf("page %d: got the link %v, want one to /posts/1", i, found)
		}
		want(t, "further comments", brett.get(found[1]), http.StatusOK, "comment 0</p>")
	}
}

// What a page says of a post is its text, which is not taken for Markdown twice.
func TestHeads_description(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	text := `\*not\* 1986\. \- ` + strings.Repeat("long ", 100)
	want(t, "write", brett.post("/write", "title", "t", "body", text), http.StatusSeeOther)
	said := "*not* 1986. - " + strings.TrimSpace(strings.Repeat("long ", 29)) + "…"
	want(t, "the post", brett.get("/posts/1"), http.StatusOK, `<meta name="description" content="`+said+`">`)
}

// An error that speaks of something that was cancelled is an error, while the client waits.
func TestErrors_cancelledInside(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	if err := s.db.Callback().Query().Before("gorm:query").Register("fail", func(db *gorm.DB) {
		_ = db.AddError(fmt.Errorf("some part: %w", context.Canceled))
	}); err != nil {
		t.Fatal(err)
	}
	got := s.ask("GET", "/api/users/brett/posts", "")
	want(t, "a program", got, http.StatusInternalServerError, "something went wrong here")
	if !strings.Contains(s.logged.String(), "some part") {
		t.Errorf("logged %q", s.logged)
	}
}

// Forms are good for as long as the session that they are sent in.
func TestForms_life(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	for _, cookie := range s.ask("GET", "/", "").Result().Cookies() {
		if cookie.Name == "_csrf" {
			if left := time.Until(cookie.Expires); left < blog.SessionLife-time.Hour {
				t.Errorf("the cookie of forms lives %v, want %v", left, blog.SessionLife)
			}
			return
		}
	}
	t.Error("no cookie for forms")
}
