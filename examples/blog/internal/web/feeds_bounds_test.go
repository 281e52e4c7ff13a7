package web_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/examples/blog/internal/web"
)

// entriesOf reads the entries of a feed.
func entriesOf(t *testing.T, answer *httptest.ResponseRecorder) (f struct {
	ID      string `xml:"id"`
	Entries []struct {
		ID      string `xml:"id"`
		Summary string `xml:"summary"`
		Content string `xml:"content"`
	} `xml:"entry"`
},
) {
	t.Helper()
	want(t, "the feed", answer, http.StatusOK)
	if err := xml.Unmarshal(answer.Body.Bytes(), &f); err != nil {
		t.Fatalf("%v in %.200s", err, answer.Body)
	}
	return f
}

// A feed has large posts as excerpts, so that it is bounded.
func TestFeeds_bounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	for _, body := range []string{
		strings.Repeat("word ", 9000), strings.Repeat("- \n", 16_000), strings.Repeat("🦉 ", 25_000), "[a]: /" + strings.Repeat("x", 40_000) + "\n\n" + strings.Repeat("[a] ", 2000),
	} {
		for range 5 {
			want(t, "write", brett.post("/write", "title", "t", "body", body), http.StatusSeeOther)
		}
	}
	for _, path := range []string{"/feed.atom", "/users/brett/feed.atom"} {
		answer := s.ask("GET", path, "")
		f := entriesOf(t, answer)
		if n := answer.Body.Len(); len(f.Entries) != 20 || n > 2<<20 {
			t.Errorf("%s: got %d entries in %d bytes", path, len(f.Entries), n)
		}
		if f.Entries[19].Content == "" || f.Entries[19].Summary != "" {
			t.Errorf("%s: a post of 45 KB is not there as a whole", path)
		}
		if got := f.Entries[9]; got.Content != "" || !strings.HasPrefix(got.Summary, "🦉 🦉") || !strings.HasSuffix(got.Summary, "…") {
			t.Errorf("%s: a post of 125 KB: got %d bytes and the summary %q", path, len(got.Content), got.Summary)
		}
	}
}

// What a feed calls itself and its posts is the same over TLS and on another port, and caches
// learn that links are not.
func TestFeeds_ids(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	want(t, "write", brett.post("/write", "title", "t"), http.StatusSeeOther)
	for path, id := range map[string]string{"/feed.atom": "tag:example.com,2026:site", "/users/brett/feed.atom": "tag:example.com,2026:users/1"} {
		for _, host := range []string{"example.com", "EXAMPLE.com:8080"} {
			for _, scheme := range []string{"http", "https"} {
				request := httptest.NewRequest("GET", path, nil)
				request.Host, request.RemoteAddr = host, "127.0.0.1:1" // a proxy's
				request.Header.Set("X-Forwarded-Proto", scheme)
				answer := httptest.NewRecorder()
				s.handler.ServeHTTP(answer, request)
				f := entriesOf(t, answer)
				if len(f.Entries) != 1 || f.ID != id || f.Entries[0].ID != "tag:example.com,2026:posts/1" || !strings.Contains(answer.Body.String(), scheme+"://"+host+"/posts/1") {
					t.Errorf("%s over %s at %s: got %+v", path, scheme, host, f)
				}
				if !strings.Contains(answer.Header().Get("Vary"), "X-Forwarded-Proto") {
					t.Errorf("%s: got Vary %q", path, answer.Header().Get("Vary"))
				}
			}
		}
	}
}

// Those who ask for different feeds at once, or for other links, do not wait for each other,
// and each gets its own.
func TestFeeds_apart(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	want(t, "write", brett.post("/write", "title", "t"), http.StatusSeeOther)
	reading, all := make(chan bool, 10), make(chan bool)
	if err := s.db.Callback().Query().Before("gorm:query").Register("gate", func(db *gorm.DB) {
		if db.Statement.Table == "posts" {
			reading <- true
			<-all
		}
	}); err != nil {
		t.Fatal(err)
	}
	asks := [][2]string{{"a.example", "/feed.atom"}, {"a.example", "/users/brett/feed.atom"}, {"b.example", "/feed.atom"}}
	var done sync.WaitGroup
	for _, ask := range asks {
		done.Go(func() {
			request := httptest.NewRequest("GET", ask[1], nil)
			request.Host = ask[0]
			answer := httptest.NewRecorder()
			s.handler.ServeHTTP(answer, request)
			want(t, ask[1], answer, http.StatusOK, `href="http://`+ask[0]+ask[1]+`"`, `href="http://`+ask[0]+`/posts/1"`)
		})
	}
	for i := range asks {
		select {
		case <-reading:
		case <-time.After(5 * time.Second):
			t.Errorf("%d of %d feeds are read at once", i, len(asks))
		}
	}
	close(all)
	done.Wait()
}
