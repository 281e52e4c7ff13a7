package web_test

import (
	"context"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// visitor is a person with a browser, at some address. It sends forms as browsers do that
// say where a form comes from.
type visitor struct {
	t       *testing.T
	site    site
	address string
	cookies map[string]string
}

func (s site) visitor(t *testing.T, address string) *visitor {
	return &visitor{t: t, site: s, address: address, cookies: map[string]string{}}
}

func (v *visitor) get(path string) *httptest.ResponseRecorder { return v.ask("GET", path, nil) }

func (v *visitor) post(path string, fields ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.ask("POST", path, form)
}

func (v *visitor) ask(method, path string, form url.Values) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.RemoteAddr = v.address + ":1"
	for name, value := range v.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer := httptest.NewRecorder()
	v.site.handler.ServeHTTP(answer, request)
	for _, cookie := range answer.Result().Cookies() {
		v.cookies[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(v.cookies, cookie.Name)
		}
	}
	if method != "GET" {
		v.site.delivered(v.t)
	}
	return answer
}

// delivered waits until the timelines have what was written. The blog itself waits for a
// second, which may be too short on a busy machine.
func (s site) delivered(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.blog.Drain(ctx); err != nil {
		t.Errorf("deliver: %v", err)
	}
}

// want fails the test unless an answer has the status and all the texts.
func want(t *testing.T, what string, got *httptest.ResponseRecorder, status int, texts ...string) {
	t.Helper()
	if got.Code != status {
		t.Errorf("%s: got %d %s, want %d", what, got.Code, got.Body, status)
	}
	for _, text := range texts {
		if !strings.Contains(got.Body.String(), text) {
			t.Errorf("%s: got %s, want %q in it", what, got.Body, text)
		}
	}
}

// signUp makes an account.
func (v *visitor) signUp(name string) {
	v.t.Helper()
	want(v.t, "sign up", v.post("/signup", "name", name, "password", "secret-of-"+name), http.StatusSeeOther)
}

// follow goes where an answer leads.
func (v *visitor) follow(answer *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	v.t.Helper()
	if answer.Code != http.StatusSeeOther {
		v.t.Fatalf("got %d %s, want a redirect", answer.Code, answer.Body)
	}
	return v.get(answer.Header().Get("Location"))
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// hidden returns the hidden fields of a page, as name, value, name, value.
func hidden(page *httptest.ResponseRecorder) (fields []string) {
	for _, found := range hiddenField.FindAllStringSubmatch(page.Body.String(), -1) {
		fields = append(fields, found[1], html.UnescapeString(found[2]))
	}
	return fields
}
