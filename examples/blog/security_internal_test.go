package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A form that was not on our page has no effect, whoever sends it.
func TestPages_forgedForms(t *testing.T) {
	t.Parallel()
	blog := start(t, "-data", t.TempDir())
	brett := blog.browser(t)
	brett.signUp("brett")
	post := brett.write("post", "text")
	for _, action := range []string{post + "/delete", post + "/draft", "/write", "/logout", "/login", "/signup", "/account/delete"} {
		for _, form := range []url.Values{nil, {"_csrf": {""}}, {"_csrf": {"guess"}, "title": {"forged"}}} {
			if got := brett.post(action, form); got.status != http.StatusForbidden {
				t.Errorf("%s with %v: got %d, want 403", action, form, got.status)
			}
		}
	}
	token := hidden.FindStringSubmatch(brett.get("/write").body)[2]
	request, err := http.NewRequestWithContext(t.Context(), "POST", blog.url+"/logout", strings.NewReader("_csrf="+token))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := send(t, brett.client, request); got.status != http.StatusForbidden {
		t.Errorf("from another site: got %d, want 403", got.status)
	}
	brett.lists("/", "post")
	if got := brett.get("/drafts"); got.status != http.StatusOK || !strings.Contains(got.body, "Your drafts") {
		t.Errorf("brett is not logged in any more: %s", got.body)
	}
}

// A form needs no token if the browser itself says that it comes from our page.
func TestPages_sameOrigin(t *testing.T) {
	t.Parallel()
	blog := start(t, "-data", t.TempDir())
	request, err := http.NewRequestWithContext(t.Context(), "POST", blog.url+"/signup", strings.NewReader("name=brett&password=12345678"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if got := send(t, blog.browser(t).client, request); got.status != http.StatusOK || !strings.Contains(got.body, "Log out") {
		t.Errorf("got %d %s, want the front page", got.status, got.body)
	}
}

func TestPages_sessions(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett := blog.browser(t)
		brett.signUp("brett")
		here, err := url.Parse(blog.url)
		if err != nil {
			t.Fatal(err)
		}
		var token string
		for _, cookie := range brett.client.Jar.Cookies(here) {
			if cookie.Name == "blog_session" {
				token = cookie.Value
			}
		}
		program := caller{t, blog.url, token}
		program.want(http.StatusOK, "GET", "/api/timeline", "", nil)
		if got := brett.submit("/", "/logout"); !strings.Contains(got.body, "Log in") {
			t.Errorf("after logging out: %s", got.body)
		}
		program.want(http.StatusUnauthorized, "GET", "/api/timeline", "", nil) // the session itself has ended

		brett.submit("/login?next=/write", "/login", "name", "BRETT", "password", "secret-of-brett", "next", "/write")
		if got := brett.get("/write"); !strings.Contains(got.body, "Write a post") {
			t.Errorf("after logging in: %s", got.body)
		}
	})
}

// The log-in page leads only to pages of this site.
func TestPages_nextIsHere(t *testing.T) {
	t.Parallel()
	blog := start(t, "-data", t.TempDir())
	blog.browser(t).signUp("brett")
	for next, want := range map[string]string{
		"/write":               "/write",
		"/?cursor=x&y=z":       "/?cursor=x&y=z",
		"":                     "/",
		"https://evil.example": "/",
		"//evil.example":       "/",
		`/\evil.example`:       "/",
		"/\t/evil.example":     "/",
	} {
		visitor := blog.browser(t)
		visitor.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		got := visitor.submit("/login", "/login", "name", "brett", "password", "secret-of-brett", "next", next)
		if got.status != http.StatusSeeOther || got.header.Get("Location") != want {
			t.Errorf("next %q: got %d to %q, want %q", next, got.status, got.header.Get("Location"), want)
		}
	}
}

func TestPages_headers(t *testing.T) {
	t.Parallel()
	blog := start(t, "-data", t.TempDir())
	for _, path := range []string{"/", "/login", "/nonsense", "/static/style.css", "/static/icon.svg", "/api/timeline", "/api/nonsense"} {
		got := blog.browser(t).get(path).header
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'self'",
			"X-Content-Type-Options":  "nosniff",
			"X-Frame-Options":         "DENY",
			"Referrer-Policy":         "same-origin",
		} {
			if !strings.Contains(got.Get(name), want) {
				t.Errorf("%s: header %s is %q, want %q", path, name, got.Get(name), want)
			}
		}
	}
	for proto, secure := range map[string]bool{"http": false, "https": true} {
		visitor := blog.browser(t)
		request, err := http.NewRequestWithContext(t.Context(), "POST", blog.url+"/signup", strings.NewReader("name="+proto+"&password=12345678"))
		if err != nil {
			t.Fatal(err)
		}
		visitor.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
		request.Header.Set("X-Forwarded-Proto", proto)
		cookie := send(t, visitor.client, request).header.Get("Set-Cookie")
		if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || strings.Contains(cookie, "Secure") != secure {
			t.Errorf("over %s: cookie is %q", proto, cookie)
		}
	}
}
