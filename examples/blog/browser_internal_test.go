package main

import (
	"fmt"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// browser acts like a person's browser: it keeps cookies, follows redirects, and
// sends only forms that are on a page.
type browser struct {
	t      *testing.T
	url    string
	client *http.Client
}

func (b *running) browser(t *testing.T) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{t, b.url, &http.Client{Jar: jar}}
}

// as returns the browser with the session of a caller.
func (b browser) as(c caller) browser {
	b.t.Helper()
	blog, err := url.Parse(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	b.client.Jar.SetCookies(blog, []*http.Cookie{{Name: "blog_session", Value: c.token}})
	return b
}

// get opens a page.
func (b browser) get(path string) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), "GET", b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return send(b.t, b.client, request)
}

// post sends a form that need not be on a page.
func (b browser) post(path string, form url.Values) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), "POST", b.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(b.t, b.client, request)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// submit opens a page, fills in the form with this action, and sends it. Fields are
// name, value, name, value.
func (b browser) submit(page, action string, fields ...string) answer {
	b.t.Helper()
	shown := b.get(page)
	_, form, found := strings.Cut(shown.body, fmt.Sprintf(`action="%s"`, action))
	form, _, _ = strings.Cut(form, "</form>")
	values := url.Values{}
	for _, field := range hidden.FindAllStringSubmatch(form, -1) {
		values.Set(field[1], html.UnescapeString(field[2]))
	}
	if !found || values.Get("_csrf") == "" {
		b.t.Fatalf("page %s has no form for %s with a token:\n%s", page, action, shown.body)
	}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return b.post(action, values)
}

// signUp creates an account through the page.
func (b browser) signUp(name string) {
	b.t.Helper()
	got := b.submit("/signup", "/signup", "name", name, "password", "secret-of-"+name)
	if got.status != http.StatusOK || !strings.Contains(got.body, "Log out") {
		b.t.Fatalf("sign-up: got %d %s", got.status, got.body)
	}
}

// write publishes a post through the page and returns its path.
func (b browser) write(title, body string, more ...string) string {
	b.t.Helper()
	got := b.submit("/write", "/write", append([]string{"title", title, "body", body}, more...)...)
	path := regexp.MustCompile(`/posts/\d+/edit`).FindString(got.body)
	if got.status != http.StatusOK || path == "" {
		b.t.Fatalf("write: got %d %s", got.status, got.body)
	}
	return strings.TrimSuffix(path, "/edit")
}

var titles = regexp.MustCompile(`<h2 dir="auto"><a href="/posts/\d+">([^<]*)</a></h2>`)

// lists waits until a page lists the posts with these titles, separated by spaces.
// Unless the machine is slow, it does at once.
func (b browser) lists(path, want string) {
	b.t.Helper()
	eventually(b.t, func() (bool, string) {
		got := strings.Join(shownTitles(b.get(path)), " ")
		return got == want, fmt.Sprintf("%s lists %q, want %q", path, got, want)
	})
}

func shownTitles(page answer) []string {
	var shown []string
	for _, found := range titles.FindAllStringSubmatch(page.body, -1) {
		shown = append(shown, html.UnescapeString(found[1]))
	}
	return shown
}
