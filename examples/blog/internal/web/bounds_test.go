package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/web"
)

// A post of any script has room, in a form and in JSON. What is too long is shown again, and
// far more gets a page that says where the text is.
func TestBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	token := []string{"Authorization", "Bearer " + brett.cookies["blog_session"]}
	owl := strings.Repeat("🦉", 50_000)
	title := strings.Repeat("🦉", 200)
	want(t, "a form", brett.post("/write", "title", title, "body", owl), http.StatusSeeOther)
	want(t, "lines", brett.post("/write", "title", title, "body", strings.Repeat("\r\n", 50_000)), http.StatusSeeOther)
	escaped := strings.ReplaceAll(owl, "🦉", `\ud83e\udd89`)
	want(t, "JSON", s.ask("POST", "/api/posts", `{"title":"t","body":"`+escaped+`"}`, token...), http.StatusCreated)
	want(t, "too long", brett.post("/write", "title", title, "body", owl+"end of it"), http.StatusUnprocessableEntity,
		"must have at most 50000 characters, and has 50009", "🦉end of it</textarea>", title)
	far := strings.Repeat("x", 1<<20)
	want(t, "far too long", brett.post("/write", "title", title, "body", far), http.StatusRequestEntityTooLarge,
		"<!doctype html>", "room for 50,000 characters", "Your browser still has what you wrote")
	want(t, "far too long, JSON", s.ask("POST", "/api/posts", `{"title":"`+far+`"}`, token...), http.StatusRequestEntityTooLarge, `"error":"this is larger than 1MiB`)
}

// Nobody learns of another's draft, by any method.
func TestDrafts_hidden(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett, anna, nobody := s.visitor(t, "10.0.0.1"), s.visitor(t, "10.0.0.1"), s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	anna.signUp("anna")
	want(t, "write", brett.post("/write", "title", "t"), http.StatusSeeOther)
	want(t, "comment", brett.post("/posts/1/comments", "body", "c"), http.StatusSeeOther)
	want(t, "comment", anna.post("/posts/1/comments", "body", "c"), http.StatusSeeOther)
	want(t, "comment", anna.post("/posts/1/comments", "body", "c"), http.StatusSeeOther)
	want(t, "hide", brett.post("/posts/1/draft"), http.StatusSeeOther)
	const draft, nothing = "1", "99"
	for _, path := range []string{"/posts/ID", "/posts/ID/edit", "/posts/ID/delete"} {
		for _, v := range []*visitor{anna, nobody} {
			there, not := v.get(strings.Replace(path, "ID", draft, 1)), v.get(strings.Replace(path, "ID", nothing, 1))
			if there.Code != not.Code {
				t.Errorf("GET %s: got %d for a draft, %d for nothing", path, there.Code, not.Code)
			}
		}
		want(t, path, anna.get(strings.Replace(path, "ID", draft, 1)), http.StatusNotFound)
	}
	for _, path := range []string{"/posts/1/edit", "/posts/1/delete", "/posts/1/draft", "/posts/1/publish", "/posts/1/comments", "/comments/1/delete"} {
		want(t, path, anna.post(path, "title", "t", "body", "b"), http.StatusNotFound)
	}
	token := []string{"Authorization", "Bearer " + anna.cookies["blog_session"]}
	for _, call := range []string{"PATCH /api/posts/1", "DELETE /api/posts/1", "POST /api/posts/1/comments", "GET /api/posts/1/comments", "DELETE /api/comments/1"} {
		method, path, _ := strings.Cut(call, " ")
		want(t, call, s.ask(method, path, `{"body":"b"}`, token...), http.StatusNotFound, "not found")
	}
	want(t, "one's own comment", anna.post("/comments/2/delete"), http.StatusSeeOther)
	want(t, "one's own comment", s.ask("DELETE", "/api/comments/3", "", token...), http.StatusNoContent)
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	for call, allow := range map[string]string{
		"POST /":                    "GET, HEAD",
		"DELETE /users/brett":       "GET, HEAD",
		"PUT /write":                "GET, HEAD, POST",
		"GET /logout":               "POST",
		"HEAD /logout":              "POST",
		"POST /static/style.css":    "GET, HEAD",
		"POST /healthz":             "GET, HEAD",
		"POST /live":                "GET, HEAD",
		"DELETE /home/live":         "GET, HEAD",
		"POST /home/live/count":     "GET, HEAD",
		"GET /api/users":            "POST",
		"POST /api/timeline":        "GET, HEAD",
		"PUT /api/posts/1":          "GET, HEAD, PATCH, DELETE",
		"GET /api/users/a/follow":   "PUT, DELETE",
		"BREW /api/users/a/follow":  "PUT, DELETE",
		"PATCH /posts/1/comments":   "POST",
		"OPTIONS /api/posts/1":      "GET, HEAD, PATCH, DELETE",
		"OPTIONS /posts/1/comments": "POST",
		"POST /nonsense":            "",
		"OPTIONS /nonsense":         "",
		"PUT /api/nonsense":         "",
		"POST /api":                 "",
		"BREW /":                    "GET, HEAD",
	} {
		method, path, _ := strings.Cut(call, " ")
		status := http.StatusMethodNotAllowed
		if allow == "" {
			status = http.StatusNotFound
		} else if method == "OPTIONS" {
			status = http.StatusNoContent
		}
		got := s.ask(method, path, "")
		if got.Code != status || got.Header().Get("Allow") != allow {
			t.Errorf("%s: got %d and Allow %q, want %d and %q", call, got.Code, got.Header().Get("Allow"), status, allow)
		}
	}
}

// A form of another site is refused, even if it has the token of the cookie, which a site
// beside this one may have set.
func TestForms_ofAnotherSite(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	form := url.Values{"_csrf": {"token"}, "name": {"brett"}, "password": {"12345678"}}.Encode()
	for _, test := range []struct {
		headers []string
		refused bool
	}{
		{[]string{"Origin", "https://evil.example"}, true},
		{[]string{"Origin", "http://example.com:8081"}, true},
		{[]string{"Origin", "https://sub.example.com"}, true},
		{[]string{"Origin", "null"}, true},
		{[]string{"Sec-Fetch-Site", "cross-site"}, true},
		{[]string{"Sec-Fetch-Site", "same-site"}, true},
		{[]string{"Origin", "http://example.com"}, false}, // httptest's host
		{[]string{"Origin", "https://example.com"}, false},
		{nil, false},
	} {
		headers := append([]string{"Cookie", "_csrf=token", "Content-Type", "application/x-www-form-urlencoded"}, test.headers...)
		for _, path := range []string{"/login", "/signup", "/logout"} {
			got := s.ask("POST", path, form, headers...)
			if (got.Code == http.StatusForbidden) != test.refused {
				t.Errorf("%s with %v: got %d, want it refused: %v", path, test.headers, got.Code, test.refused)
			}
		}
	}
	refusal := s.ask("POST", "/login", form, "Cookie", "_csrf=token", "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example")
	want(t, "the page", refusal, http.StatusForbidden, "sent by another site")
}
