package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/web"
)

// Lists show posts as they are now, whatever has been shown before.
func TestEntries(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	shows := func(path string, texts ...string) {
		t.Helper()
		for range 2 {
			want(t, path, brett.get(path), http.StatusOK, texts...)
		}
	}
	brett.post("/write", "title", "one", "body", "first text", "draft", "yes")
	shows("/drafts", ">one</a>", "first text", ">Draft</span>")
	brett.post("/posts/1/publish")
	shows("/", ">one</a>", "first text", ">0 comments</a>")
	if page := brett.get("/").Body.String(); strings.Contains(page, ">Draft</span>") {
		t.Errorf("a published post is shown as a draft: %s", page)
	}
	brett.post("/posts/1/comments", "body", "c")
	shows("/", ">1 comment</a>")
	brett.post("/posts/1/edit", "title", "two", "body", "second text")
	shows("/", ">two</a>", "second text")
	brett.post("/comments/1/delete")
	shows("/", ">0 comments</a>")
}
