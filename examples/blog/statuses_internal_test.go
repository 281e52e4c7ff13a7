package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Every kind of bad request has its status, and an answer that says what is wrong.
func TestAPI_statuses(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, nobody := blog.signUp(t, "brett"), caller{t: t, url: blog.url}
		stranger := caller{t, blog.url, "no-such-token"}
		post := brett.write("post")
		path := fmt.Sprintf("/api/posts/%d", post.ID)
		other := brett.page("/api/users/brett/posts").Next // of another timeline
		long := strings.Repeat("x", 1<<20)

		for _, test := range []struct {
			who                caller
			method, path, body string
			want               int
		}{
			{nobody, "POST", "/api/users", `{"name":`, 400},
			{nobody, "POST", "/api/users", ``, 400},
			{nobody, "POST", "/api/users", `[]`, 400},
			{nobody, "POST", "/api/users", `{"name":"a","password":"12345678"} {}`, 400},
			{nobody, "POST", "/api/users", `{"name":"a","password":"1234567"}`, 422},
			{nobody, "POST", "/api/users", `{"name":"a","password":"` + strings.Repeat("p", 73) + `"}`, 422},
			{nobody, "POST", "/api/users", `{"name":"","password":"12345678"}`, 422},
			{nobody, "POST", "/api/users", `{"name":"a b","password":"12345678"}`, 422},
			{nobody, "POST", "/api/users", `{"name":"ä","password":"12345678"}`, 422},
			{nobody, "POST", "/api/users", `{"name":"` + strings.Repeat("n", 33) + `","password":"12345678"}`, 422},
			{nobody, "POST", "/api/users", `{"name":7,"password":"12345678"}`, 422},
			{nobody, "POST", "/api/users", `{"name":"Brett","password":"12345678"}`, 409},
			{nobody, "POST", "/api/users", `{"name":"` + long + `"}`, 413},
			{nobody, "POST", "/api/login", `{"name":"brett","password":"wrong"}`, 401},
			{nobody, "POST", "/api/login", `{"name":"brett","password":"` + strings.Repeat("p", 100) + `"}`, 401},
			{nobody, "POST", "/api/login", `{"name":"nobody","password":"12345678"}`, 401},
			{nobody, "POST", "/api/login", `{"name":"\u0000","password":"12345678"}`, 401},
			{nobody, "POST", "/api/login", `{}`, 401},
			{nobody, "POST", "/api/login", `nonsense`, 400},

			{nobody, "POST", "/api/posts", `{"title":"t"}`, 401},
			{stranger, "POST", "/api/posts", `{"title":"t"}`, 401},
			{stranger, "GET", "/api/timeline", ``, 401},
			{brett, "POST", "/api/posts", `{"title":" "}`, 422},
			{brett, "POST", "/api/posts", `{"title":"` + strings.Repeat("t", 201) + `"}`, 422},
			{brett, "POST", "/api/posts", `{"title":"nul \u0000"}`, 422},
			{brett, "POST", "/api/posts", `{"title":"t","body":"nul \u0000"}`, 422},
			{brett, "POST", "/api/posts", `{"title":"t","body":"` + strings.Repeat("b", 50_001) + `"}`, 422},
			{brett, "POST", "/api/posts", `{"title":"t","body":"` + long + `"}`, 413},
			{brett, "POST", "/api/posts", `{"title":"t","draft":"yes"}`, 422},
			{brett, "POST", "/api/posts", `title=t`, 400},
			{nobody, "PATCH", path, `{"title":"t"}`, 401},
			{brett, "PATCH", path, `{"title":""}`, 422},
			{brett, "PATCH", path, `{`, 400},
			{brett, "PATCH", "/api/posts/999", `{"title":"t"}`, 404},
			{brett, "PATCH", "/api/posts/abc", `{"title":"t"}`, 404},
			{nobody, "DELETE", path, ``, 401},
			{brett, "DELETE", "/api/posts/999", ``, 404},
			{brett, "DELETE", "/api/posts/99999999999999999999", ``, 404},
			{brett, "DELETE", "/api/posts/-1", ``, 404},

			{nobody, "POST", path + "/comments", `{"body":"c"}`, 401},
			{brett, "POST", path + "/comments", `{"body":" \n "}`, 422},
			{brett, "POST", path + "/comments", `{"body":"` + strings.Repeat("c", 2001) + `"}`, 422},
			{brett, "POST", path + "/comments", `{"body":`, 400},
			{brett, "POST", "/api/posts/999/comments", `{"body":"c"}`, 404},
			{nobody, "DELETE", "/api/comments/1", ``, 401},
			{brett, "DELETE", "/api/comments/999", ``, 404},
			{nobody, "GET", "/api/posts/999/comments", ``, 404},

			{nobody, "PUT", "/api/users/brett/follow", ``, 401},
			{nobody, "DELETE", "/api/users/brett/follow", ``, 401},
			{nobody, "GET", "/api/home", ``, 401},
			{brett, "PUT", "/api/users/nobody/follow", ``, 404},
			{brett, "DELETE", "/api/users/nobody/follow", ``, 404},
			{brett, "PUT", "/api/users/a%20b/follow", ``, 404},
			{brett, "PUT", "/api/users/Brett/follow", ``, 422},
			{brett, "GET", "/api/home?limit=x", ``, 400},
			{brett, "GET", "/api/home?cursor=" + other, ``, 400},

			{nobody, "GET", "/api/timeline?limit=0", ``, 400},
			{nobody, "GET", "/api/timeline?limit=-1", ``, 400},
			{nobody, "GET", "/api/timeline?limit=1001", ``, 400},
			{nobody, "GET", "/api/timeline?limit=ten", ``, 400},
			{nobody, "GET", "/api/timeline?cursor=nonsense", ``, 400},
			{nobody, "GET", "/api/timeline?cursor=" + other, ``, 400},
			{nobody, "GET", path + "/comments?cursor=" + other, ``, 400},
			{nobody, "GET", "/api/users/brett/posts?limit=x", ``, 400},
			{nobody, "GET", "/api/users/nobody/posts", ``, 404},
			{nobody, "GET", "/api/users/a%20b/posts", ``, 404},
			{nobody, "GET", "/api/users/%00/posts", ``, 404},
			{nobody, "GET", "/api/nonsense", ``, 404},
			{nobody, "POST", "/api", ``, 404},
			{nobody, "GET", "/api/posts", ``, 405},
			{brett, "PUT", path, `{}`, 405},
			{nobody, "POST", "/api/timeline", ``, 405},
			{nobody, "GET", "/api/", ``, 404},
		} {
			got := test.who.call(test.method, test.path, test.body)
			var problem struct{ Error string }
			err := json.Unmarshal([]byte(got.body), &problem)
			if got.status != test.want || err != nil || problem.Error == "" {
				t.Errorf("%s %s %.80s: got %d %s, want %d with an error", test.method, test.path, test.body, got.status, got.body, test.want)
			}
		}
		if got := brett.page("/api/timeline").texts("title"); got != "post" {
			t.Errorf("after all these: the timeline has %q", got)
		}
		if logged := blog.trouble(); logged != "" {
			t.Errorf("clients' mistakes were logged: %s", logged)
		}
	})
}

// A body without a length is measured as it arrives.
func TestAPI_chunkedBodyOverLimit(t *testing.T) {
	t.Parallel()
	blog := start(t, "-data", t.TempDir())
	body := io.MultiReader(strings.NewReader(`{"name":"`), strings.NewReader(strings.Repeat("x", 1<<20)), strings.NewReader(`"}`))
	request, err := http.NewRequestWithContext(t.Context(), "POST", blog.url+"/api/users", body)
	if err != nil {
		t.Fatal(err)
	}
	if got := send(t, http.DefaultClient, request); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %s, want 413", got.status, got.body)
	}
}

// The API ignores cookies: another site may have sent the browser.
func TestAPI_ignoresCookies(t *testing.T) {
	t.Parallel()
	blog := start(t, "-data", t.TempDir())
	brett := blog.signUp(t, "brett")
	request, err := http.NewRequestWithContext(t.Context(), "POST", blog.url+"/api/posts", strings.NewReader(`{"title":"forged"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.AddCookie(&http.Cookie{Name: "blog_session", Value: brett.token})
	got := send(t, http.DefaultClient, request)
	if got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("got %d %v, want 401 and a challenge", got.status, got.header)
	}
}
