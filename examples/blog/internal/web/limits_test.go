package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/examples/blog/internal/web/limits"
)

// Passwords are tried for a name only so often, wherever from and whether or not the name
// exists. The user is let in meanwhile from where there is a session.
func TestLogins_limitedByName(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Limits: limits.Options{NameBurst: 3, NamesPerSecond: 1.0 / 3600}})
	home := s.visitor(t, "10.0.0.1")
	home.signUp("Brett")
	s.visitor(t, "10.0.0.2").signUp("anna")
	for _, name := range []string{"brett", "anna", "nobody"} {
		for i := range 3 {
			v := s.visitor(t, fmt.Sprintf("10.1.0.%d", i))
			want(t, "guess", v.post("/login", "name", name, "password", "wrong-one"), http.StatusUnauthorized)
		}
		refused := s.visitor(t, "10.1.0.9").post("/login", "name", name, "password", "secret-of-Brett")
		want(t, "too many", refused, http.StatusTooManyRequests, "<!doctype html>", "too many attempts: wait", `value="`+name+`"`)
		if seconds, err := strconv.Atoi(refused.Header().Get("Retry-After")); err != nil || seconds < 3500 || seconds > 3600 {
			t.Errorf("%s: Retry-After is %q, want about an hour", name, refused.Header().Get("Retry-After"))
		}
		program := s.ask("POST", "/api/login", `{"name":"`+name+`","password":"secret-of-Brett"}`)
		want(t, "a program", program, http.StatusTooManyRequests, `"error":"too many attempts`)
		if program.Header().Get("Retry-After") == "" {
			t.Error("a program is not told when to try again")
		}
	}
	for range 3 {
		want(t, "at home", s.visitor(t, "10.0.0.1").post("/login", "name", "brett", "password", "guess-at-home"), http.StatusUnauthorized)
	}
	want(t, "at home, guessing", s.visitor(t, "10.0.0.1").post("/login", "name", "brett", "password", "guess-at-home"), http.StatusTooManyRequests)
	for _, name := range []string{"anna", "nobody"} {
		want(t, "another's session", s.visitor(t, "10.0.0.1").post("/login", "name", name, "password", "guess-at-home"), http.StatusTooManyRequests)
	}
}

// A right password makes the attempts on a name available again.
func TestLogins_forgotten(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Limits: limits.Options{NameBurst: 3, NamesPerSecond: 1e-9, LoginBurst: 100}})
	s.visitor(t, "10.0.0.1").signUp("brett")
	for range 3 {
		for range 2 {
			want(t, "wrong", s.visitor(t, "10.0.0.2").post("/login", "name", "brett", "password", "wrong-one"), http.StatusUnauthorized)
		}
		want(t, "right", s.visitor(t, "10.0.0.2").post("/login", "name", "brett", "password", "secret-of-brett"), http.StatusSeeOther)
	}
	for range 3 {
		want(t, "elsewhere", s.visitor(t, "10.0.0.3").post("/login", "name", "brett", "password", "wrong-one"), http.StatusUnauthorized)
	}
	want(t, "elsewhere, right", s.visitor(t, "10.0.0.3").post("/login", "name", "brett", "password", "secret-of-brett"), http.StatusTooManyRequests)
	want(t, "at home, right", s.visitor(t, "10.0.0.1").post("/login", "name", "brett", "password", "secret-of-brett"), http.StatusSeeOther)
}

// Where an address is used up, its own users are let in.
func TestLogins_addressUsedUp(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Limits: limits.Options{LoginBurst: 4, LoginsPerSecond: 1e-9}})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	for range 3 {
		want(t, "others", s.visitor(t, "10.0.0.1").post("/login", "name", "other", "password", "wrong-one"), http.StatusUnauthorized)
	}
	want(t, "others", s.visitor(t, "10.0.0.1").post("/login", "name", "other", "password", "wrong-one"), http.StatusTooManyRequests)
	want(t, "sign up", s.visitor(t, "10.0.0.1").post("/signup", "name", "anna", "password", "12345678"), http.StatusTooManyRequests)
	want(t, "brett", s.visitor(t, "10.0.0.1").post("/login", "name", "brett", "password", "secret-of-brett"), http.StatusSeeOther)
}

// A session is no way to guess the password without a bound.
func TestAccount_guesses(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Limits: limits.Options{NameBurst: 4, NamesPerSecond: 1e-9}})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	for i, path := range []string{"/account/password", "/account/delete", "/account/password", "/account/delete"} {
		want(t, path, brett.post(path, "old", "wrong-one", "password", "wrong-one"), http.StatusUnprocessableEntity)
		if i < 3 {
			continue
		}
		for _, path := range []string{"/account/password", "/account/delete"} {
			want(t, path, brett.post(path, "old", "secret-of-brett", "password", "secret-of-brett"), http.StatusTooManyRequests, "too many attempts")
		}
	}
}

// A user who floods is stopped, keeps what was written, and is told when to go on. Others
// are not affected.
func TestWrites_limited(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Limits: limits.Options{WritesPerMinute: 3}})
	brett, anna := s.visitor(t, "10.0.0.1"), s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	anna.signUp("anna")
	for range 2 {
		want(t, "post", brett.post("/write", "title", "t"), http.StatusSeeOther)
	}
	want(t, "comment", brett.post("/posts/1/comments", "body", "c"), http.StatusSeeOther)
	for _, refused := range []func() (string, int, string){
		func() (string, int, string) {
			got := brett.post("/write", "title", "kept title", "body", "kept body")
			want(t, "post", got, http.StatusTooManyRequests, "kept title", "kept body", "wait", "seconds")
			return "post", got.Code, got.Header().Get("Retry-After")
		},
		func() (string, int, string) {
			got := brett.post("/posts/1/comments", "body", "kept comment")
			want(t, "comment", got, http.StatusTooManyRequests, "kept comment")
			return "comment", got.Code, got.Header().Get("Retry-After")
		},
		func() (string, int, string) {
			got := s.ask("POST", "/api/posts", `{"title":"t"}`, "Authorization", "Bearer "+brett.cookies["blog_session"])
			return "program", got.Code, got.Header().Get("Retry-After")
		},
	} {
		name, status, after := refused()
		if seconds, err := strconv.Atoi(after); status != http.StatusTooManyRequests || err != nil || seconds < 1 || seconds > 20 {
			t.Errorf("%s: got %d, Retry-After %q", name, status, after)
		}
	}
	want(t, "anna", anna.post("/write", "title", "t"), http.StatusSeeOther)
}

// An edit counts if readers see it: of a post that is published, or becomes so.
func TestWrites_edits(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Limits: limits.Options{WritesPerMinute: 3}})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	program := func(body string) *httptest.ResponseRecorder {
		return s.ask("PATCH", "/api/posts/1", body, "Authorization", "Bearer "+brett.cookies["blog_session"])
	}
	want(t, "write a draft", brett.post("/write", "title", "t", "draft", "yes"), http.StatusSeeOther)
	for i := range 5 {
		want(t, "edit a draft", brett.post("/posts/1/edit", "title", fmt.Sprint(i)), http.StatusSeeOther)
	}
	want(t, "publish", brett.post("/posts/1/publish"), http.StatusSeeOther)
	for range 5 {
		want(t, "change nothing", program(`{"title":"4"}`), http.StatusOK)
		want(t, "a bad title", program(`{"title":""}`), http.StatusUnprocessableEntity)
	}
	want(t, "edit", program(`{"title":"5"}`), http.StatusOK)
	if got := program(`{"title":"6"}`); got.Code != http.StatusTooManyRequests || got.Header().Get("Retry-After") == "" {
		t.Errorf("a program: got %d, %v", got.Code, got.Header())
	}
	want(t, "a page", brett.post("/posts/1/edit", "title", "kept title", "body", "kept body"), http.StatusTooManyRequests, "kept title", "kept body", "you have written a lot just now")
	want(t, "hide", brett.post("/posts/1/draft"), http.StatusSeeOther)
	want(t, "publish again", brett.post("/posts/1/publish"), http.StatusTooManyRequests, "you have written a lot just now")
	want(t, "the post", brett.get("/posts/1"), http.StatusOK, ">Draft</span>", ">5</h1>")
}
