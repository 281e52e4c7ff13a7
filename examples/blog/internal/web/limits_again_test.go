package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/examples/blog/internal/web/limits"
)

// From an address that is used up, its own users are let in, and they alone only so often:
// right passwords do not make the attempts available again, nor do many accounts.
func TestLogins_addressUsedUpByItsUsers(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Limits: limits.Options{LoginBurst: 6, LoginsPerSecond: 1e-9, NameBurst: 4, NamesPerSecond: 1e-9}})
	logIns := func(names ...string) (n int) {
		for range 30 {
			for _, name := range names {
				got := s.ask("POST", "/api/login", `{"name":"`+name+`","password":"secret-of-`+name+`"}`)
				if got.Code == http.StatusOK {
					n++
				}
			}
		}
		return n
	}
	for i := range 3 {
		v := s.visitor(t, "192.0.2.1") // that of ask
		v.signUp(fmt.Sprint("brett", i))
	}
	if n := logIns("brett0"); n != 3+4 {
		t.Errorf("one account logged in %d times, want the 3 that the address had left and 4", n)
	}
	if n := logIns("brett1", "brett2"); n != 2 {
		t.Errorf("more accounts logged in %d times, want the 2 that remain of 6 for users of the address", n)
	}
}

// Others who use up a name do not keep its owner from changing the account: with a session,
// the user's own attempts count.
func TestAccount_namesUsedUp(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Limits: limits.Options{LoginBurst: 6, LoginsPerSecond: 1e-9, NameBurst: 4, NamesPerSecond: 1e-9}})
	brett, anna := s.visitor(t, "10.0.0.1"), s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	anna.signUp("anna")
	for _, address := range []string{"10.0.0.1", "10.0.0.2"} {
		for range 10 {
			s.visitor(t, address).post("/login", "name", "brett", "password", "wrong-one")
		}
	}
	want(t, "change", brett.post("/account/password", "old", "secret-of-brett", "password", "secret-of-brett"), http.StatusSeeOther)
	token := []string{"Authorization", "Bearer " + brett.cookies["blog_session"]}
	want(t, "change by a program", s.ask("PUT", "/api/users/me/password", `{"old":"secret-of-brett","password":"secret-of-brett"}`, token...), http.StatusNoContent)
	want(t, "change", brett.post("/account/password", "old", "secret-of-brett", "password", "secret-of-brett"), http.StatusSeeOther)
	want(t, "change", brett.post("/account/password", "old", "secret-of-brett", "password", "secret-of-brett"), http.StatusSeeOther)
	want(t, "a fifth change", brett.post("/account/password", "old", "secret-of-brett", "password", "secret-of-brett"), http.StatusTooManyRequests)
	want(t, "another user leaves", anna.post("/account/delete", "password", "secret-of-anna"), http.StatusSeeOther)
}
