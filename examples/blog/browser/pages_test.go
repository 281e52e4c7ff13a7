package browser_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Every page can be read and used: on a computer and on a phone, in light and in dark, by all
// whom axe-core knows of.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newTown(t, 8, 60)
	w.addLong(t)
	t.Cleanup(func() { w.wantAll(t) })
	t.Run("visitor", func(t *testing.T) {
		t.Parallel()
		w.tab(t).lookAt(w.visitorsPages())
	})
	t.Run("member", func(t *testing.T) {
		t.Parallel()
		member := w.tab(t)
		member.logIn(long, password)
		member.lookAt(w.membersPages())
	})
	t.Run("newcomer", func(t *testing.T) {
		t.Parallel()
		newcomer := w.tab(t)
		newcomer.signUp("newcomer")
		newcomer.lookAt(newcomersPages())
	})
}

// visitorsPages are what one sees who is not logged in.
func (w town) visitorsPages() []look {
	author := "/users/" + w.authors[0]
	return []look{
		{name: "the front page", path: "/"},
		{name: "an older page", path: "/", then: func(b *tab) { b.click("older →") }},
		{name: "an author", path: "/users/" + long},
		{name: "followers", path: author + "/followers"},
		{name: "the followed", path: author + "/following"},
		{name: "a post", path: longPost},
		{name: "to log in", path: "/login"},
		{name: "a wrong password", path: "/login", then: func(b *tab) {
			b.fill("Name", long)
			b.fill("Password", "not the right one")
			b.click("Log in")
		}},
		{name: "to sign up", path: "/signup"},
		{name: "a name that is taken", path: "/signup", then: func(b *tab) {
			b.fill("Name", long)
			b.fill("Password", "12345678")
			b.click("Sign up")
		}},
		{name: "no page", path: "/nowhere", status: http.StatusNotFound},
		{name: "a damaged link", path: "/?cursor=damaged", status: http.StatusBadRequest},
	}
}

// membersPages are what the user sees who has written what is hard to lay out.
func (w town) membersPages() []look {
	return []look{
		{name: "the front page", path: "/"},
		{name: "home", path: "/home"},
		{name: "home, read", path: "/home", then: func(b *tab) { b.click("Mark all read") }},
		{name: "to write", path: "/write"},
		{name: "a title that cannot be seen", path: "/write", then: func(b *tab) {
			b.fill("Title", " ")
			b.fill("Text", "A text.")
			b.click("Publish")
		}},
		{name: "drafts", path: "/drafts"},
		{name: "a draft", path: longDraft},
		{name: "a post", path: longPost},
		{name: "the question about a comment", path: longPost, then: func(b *tab) {
			b.run("open the question", chromedp.Click(chromedp.CSS("summary")))
		}},
		{name: "a comment that cannot be seen", path: longPost, then: func(b *tab) {
			b.fill("Your comment", " ")
			b.click("Comment")
		}},
		{name: "to edit", path: longPost + "/edit"},
		{name: "to delete", path: longPost + "/delete"},
		{name: "another's post", path: "/posts/1/edit", status: http.StatusForbidden},
		{name: "the user", path: "/users/" + long},
		{name: "an author", path: "/users/" + w.authors[0]},
		{name: "the account", path: "/account"},
		{name: "another wrong password", path: "/account", then: func(b *tab) {
			b.fill("Current password", "not the right one")
			b.fill("New password", "12345678")
			b.click("Change the password")
		}},
		{name: "to leave", path: "/account/delete"},
	}
}

// newcomersPages are what one sees for whom there is nothing yet.
func newcomersPages() []look {
	return []look{
		{name: "an empty home", path: "/home"},
		{name: "no drafts", path: "/drafts"},
		{name: "nobody", path: "/users/newcomer/followers"},
		{name: "no posts", path: "/users/newcomer"},
		{name: "the end of the session", path: "/write", then: func(b *tab) {
			b.fill("Title", "kept")
			b.endSession()
			b.click("Publish")
			b.sees("Your session has ended")
		}},
	}
}

// notPages are routes that programs read, as path or beginning of a path.
var notPages = []string{"/api/", "/static/", "/feed.atom", "/users/:name/feed.atom", "/live", "/home/live", "/healthz", "/readyz", "/favicon.ico", "/robots.txt"}

// wantAll fails the test if there are pages that no tab has been at.
func (w town) wantAll(t *testing.T) {
	t.Helper()
	for _, route := range w.handler.Routes() {
		program := slices.ContainsFunc(notPages, func(path string) bool { return strings.HasPrefix(route.Path, path) })
		if route.Method == http.MethodGet && !program && !w.seen(route.Path) {
			t.Errorf("no test looks at %s: add it to the pages, or to notPages if only programs read it", route.Path)
		}
	}
}
