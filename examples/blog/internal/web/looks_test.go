package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web"
)

// The navigation says which page this is, and the footer speaks of timelines where one is
// read.
func TestLooks_here(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	nobody, brett := s.visitor(t, "10.0.0.2"), s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	for path, test := range map[string]struct {
		reader   *visitor
		current  string
		timeline bool
	}{
		"/home":        {brett, `href="/home"`, true},
		"/write":       {brett, `href="/write"`, false},
		"/drafts":      {brett, `href="/drafts"`, false},
		"/users/brett": {brett, `href="/users/brett"`, true},
		"/account":     {brett, "", false},
		"/":            {brett, "", true},
		"/login":       {nobody, `href="/login"`, false},
		"/signup":      {nobody, `href="/signup"`, false},
	} {
		page := test.reader.get(path).Body.String()
		if n := strings.Count(page, "aria-current"); (n == 1) != (test.current != "") || n > 1 || n == 1 && !strings.Contains(page, "<a "+test.current+` aria-current="page">`) {
			t.Errorf("%s: got aria-current %d times, want it at %q: %s", path, n, test.current, page)
		}
		if got := strings.Contains(page, "one read of a timeline"); got != test.timeline {
			t.Errorf("%s: the footer speaks of a timeline: %v", path, got)
		}
	}
}

// A list says that a post was edited if that was not right after it was published; its page
// says so always.
func TestLooks_edited(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	brett.post("/write", "title", "one")
	brett.post("/posts/1/edit", "title", "two")
	want(t, "the post", brett.get("/posts/1"), http.StatusOK, ", edited <time")
	page := brett.get("/")
	want(t, "the list", page, http.StatusOK, ">two</a>")
	if strings.Contains(page.Body.String(), "edited") {
		t.Errorf("a list: got %s", page.Body)
	}
	now := time.Now().UTC()
	earlier := map[string]any{"published_at": now.Add(-time.Hour), "edited_at": now.Add(-time.Hour + time.Minute), "updated_at": now}
	if err := s.db.Model(&blog.Post{ID: 1}).Updates(earlier).Error; err != nil {
		t.Fatal(err)
	}
	want(t, "a minute later", brett.get("/"), http.StatusOK, ">two</a>", ", edited <time")
}

// Errors name a field as its label does, and a form that is too old says how to keep the text.
func TestLooks_words(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	want(t, "password", brett.post("/account/password", "old", "wrong-one", "password", "12345678"), http.StatusUnprocessableEntity,
		"<label>Current password <input", "current password is not that of your account")
	want(t, "too old", s.ask("POST", "/login", "name=brett", "Content-Type", "application/x-www-form-urlencoded"), http.StatusForbidden,
		"Your browser still has what you wrote: go back, copy it")
}
