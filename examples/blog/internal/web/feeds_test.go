package web_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/web"
)

// feed is an Atom feed as its readers see it.
type feed struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Links   []struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	} `xml:"link"`
	Entries []struct {
		ID        string `xml:"id"`
		Title     string `xml:"title"`
		Published string `xml:"published"`
		Updated   string `xml:"updated"`
		Author    string `xml:"author>name"`
		Content   string `xml:"content"`
	} `xml:"entry"`
}

func TestFeeds(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett, anna := s.visitor(t, "10.0.0.1"), s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	anna.signUp("anna")
	read := func(path string) (f feed) {
		t.Helper()
		got := s.ask("GET", path, "")
		want(t, path, got, http.StatusOK)
		if err := xml.Unmarshal(got.Body.Bytes(), &f); err != nil {
			t.Fatalf("%s: %v in %s", path, err, got.Body)
		}
		if kind := got.Header().Get("Content-Type"); !strings.HasPrefix(kind, "application/atom+xml") || got.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: got %v", path, got.Header())
		}
		for _, date := range []string{f.Updated} {
			if _, err := time.Parse(time.RFC3339, date); err != nil {
				t.Error(err)
			}
		}
		return f
	}
	if f := read("/feed.atom"); len(f.Entries) != 0 || f.Title != "Blog" || f.ID != "tag:example.com,2026:site" {
		t.Errorf("an empty blog: got %+v", f)
	}
	want(t, "write", brett.post("/write", "title", "A <b> & ]]>", "body", "**bold** [here](/posts/1) <i>"), http.StatusSeeOther)
	want(t, "write", brett.post("/write", "title", "draft", "draft", "yes"), http.StatusSeeOther)
	want(t, "write", anna.post("/write", "title", "Anna's", "body", "x"), http.StatusSeeOther)
	f := read("/feed.atom")
	if len(f.Entries) != 2 || f.Entries[0].Title != "Anna's" {
		t.Fatalf("got %+v, want Anna's post and brett's", f)
	}
	first := f.Entries[1]
	if first.Title != "A <b> & ]]>" || first.ID != "tag:example.com,2026:posts/1" || first.Author != "brett" || first.Updated != first.Published ||
		first.Content != `<p dir="auto"><strong>bold</strong> <a href="/posts/1" rel="nofollow">here</a> &lt;i&gt;</p>`+"\n" {
		t.Errorf("got %+v", first)
	}
	f = read("/users/BRETT/feed.atom")
	if len(f.Entries) != 1 || f.Title != "Posts by brett" || f.Links[0].Href != "http://example.com/users/brett/feed.atom" || f.Links[1].Href != "http://example.com/users/brett" {
		t.Errorf("brett's: got %+v", f)
	}
	tag := s.ask("GET", "/feed.atom", "").Header().Get("ETag")
	if got := s.ask("GET", "/feed.atom", "", "If-None-Match", tag); got.Code != http.StatusNotModified || got.Body.Len() > 0 {
		t.Errorf("again: got %d %s, want 304", got.Code, got.Body)
	}
	want(t, "edit", brett.post("/posts/1/edit", "title", "B", "body", "x"), http.StatusSeeOther)
	want(t, "after an edit", s.ask("GET", "/feed.atom", "", "If-None-Match", tag), http.StatusOK, "<title>B</title>")
	want(t, "nobody", s.ask("GET", "/users/nobody/feed.atom", ""), http.StatusNotFound)
}

// Pages say what they are to search engines, readers of feeds, and those who show links.
func TestHeads(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	want(t, "about", brett.post("/account", "about", `I am "B" & *write*`), http.StatusSeeOther)
	want(t, "write", brett.post("/write", "title", `"A" <b>`, "body", "# Head\n\ntext"), http.StatusSeeOther)
	want(t, "write", brett.post("/write", "title", "hidden", "draft", "yes"), http.StatusSeeOther)
	const siteFeed = `<link rel="alternate" type="application/atom+xml" title="Blog" href="/feed.atom">`
	const authorFeed = `<link rel="alternate" type="application/atom+xml" title="Posts by brett" href="/users/brett/feed.atom">`
	for path, texts := range map[string][]string{
		"/": {siteFeed, `<meta name="description" content="The latest posts`, `<meta property="og:type" content="website">`, `<link rel="canonical" href="http://example.com/">`},
		"/users/BRETT": {
			siteFeed, authorFeed, `<meta property="og:type" content="profile">`, `<link rel="canonical" href="http://example.com/users/brett">`,
			`<meta name="description" content="I am &#34;B&#34; &amp; write">`,
		},
		"/posts/1": {
			siteFeed, authorFeed, `<meta property="og:type" content="article">`, `<meta property="og:title" content="&#34;A&#34; &lt;b&gt;">`,
			`<meta property="og:url" content="http://example.com/posts/1">`, `<meta name="description" content="Head · text">`, `<meta property="article:published_time" content="20`,
		},
		"/login": {siteFeed},
	} {
		want(t, path, s.visitor(t, "10.0.0.2").get(path), http.StatusOK, texts...)
	}
	if page := brett.get("/posts/2").Body.String(); strings.Contains(page, "og:") || strings.Contains(page, "canonical") {
		t.Errorf("a draft has a head for others: %s", page)
	}
	behindProxy := httptest.NewRequest("GET", "/", nil)
	behindProxy.RemoteAddr = "127.0.0.1:1"
	behindProxy.Header.Set("X-Forwarded-Proto", "https")
	page := httptest.NewRecorder()
	s.handler.ServeHTTP(page, behindProxy)
	want(t, "behind a proxy", page, http.StatusOK, `href="https://example.com/"`)
	want(t, "robots", s.ask("GET", "/robots.txt", ""), http.StatusOK, "User-agent: *", "Disallow: /drafts")
	icon := s.ask("GET", "/favicon.ico", "")
	if icon.Code != http.StatusOK || !strings.HasPrefix(icon.Body.String(), "\x00\x00\x01\x00") {
		t.Errorf("favicon: got %d, %d bytes", icon.Code, icon.Body.Len())
	}
}
