package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestAPI_home(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, anna, carl := blog.signUp(t, "brett"), blog.signUp(t, "anna"), blog.signUp(t, "carl")
		brett.write("old")
		post := brett.write("one")
		anna.write("two")
		carl.shows("/api/home", "title", "")
		carl.want(http.StatusNoContent, "PUT", "/api/users/Brett/follow", "", nil)
		carl.shows("/api/home", "title", "one old")
		carl.want(http.StatusNoContent, "PUT", "/api/users/brett/follow", "", nil) // twice
		carl.want(http.StatusNoContent, "PUT", "/api/users/anna/follow", "", nil)
		carl.write("mine")
		carl.shows("/api/home", "title", "mine two one old")
		carl.shows("/api/home", "author_name", "carl anna brett brett")

		brett.want(http.StatusOK, "PATCH", fmt.Sprintf("/api/posts/%d", post.ID), `{"title":"eins"}`, nil)
		carl.shows("/api/home", "title", "mine two eins old")
		brett.want(http.StatusOK, "PATCH", fmt.Sprintf("/api/posts/%d", post.ID), `{"draft":true}`, nil)
		carl.shows("/api/home", "title", "mine two old")
		brett.want(http.StatusOK, "PATCH", fmt.Sprintf("/api/posts/%d", post.ID), `{"draft":false}`, nil)
		carl.want(http.StatusNoContent, "DELETE", "/api/users/anna/follow", "", nil)
		carl.shows("/api/home", "title", "mine eins old")
		carl.want(http.StatusNoContent, "DELETE", "/api/users/anna/follow", "", nil) // twice
		brett.want(http.StatusNoContent, "DELETE", fmt.Sprintf("/api/posts/%d", post.ID), "", nil)
		carl.shows("/api/home", "title", "mine old")
		anna.shows("/api/home", "title", "two")
		brett.shows("/api/timeline", "title", "mine two old")

		page := carl.page("/api/home?limit=1")
		carl.shows("/api/home?limit=1&cursor="+page.Next, "title", "old")
	})
}

// unread compares the number that the home page shows.
func (b browser) unread(want int) {
	b.t.Helper()
	shown := "0"
	if found := regexp.MustCompile(`>(\d+) unread<`).FindStringSubmatch(b.get("/home").body); found != nil {
		shown = found[1]
	}
	if shown != fmt.Sprint(want) {
		b.t.Errorf("the home page shows %s unread, want %d", shown, want)
	}
}

func TestPages_home(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, anna := blog.browser(t), blog.browser(t)
		brett.signUp("brett")
		anna.signUp("anna")
		brett.write("one", "1")
		anna.lists("/home", "")
		anna.submit("/users/brett", "/users/brett/follow")
		anna.lists("/home", "one")
		brett.write("two", "2")
		anna.lists("/home", "two one")
		anna.unread(2)
		anna.submit("/home", "/home/seen")
		anna.unread(0)
		brett.write("three", "3")
		anna.lists("/home", "three two one")
		anna.unread(1)
		if got := anna.submit("/home", "/home/seen", "seen", "nonsense"); got.status != http.StatusBadRequest {
			t.Errorf("a damaged cursor: got %d %s", got.status, got.body)
		}
		anna.unread(1)
		if page := anna.get("/users/brett").body; strings.Contains(page, ">Follow<") || !strings.Contains(page, ">Unfollow<") {
			t.Errorf("anna, who follows brett, is offered to follow him: %s", page)
		}
		anna.submit("/users/brett", "/users/brett/unfollow")
		anna.lists("/home", "")
		if page := brett.get("/users/brett").body; strings.Contains(page, "ollow<") {
			t.Errorf("brett is offered to follow himself: %s", page)
		}
		if page := blog.browser(t).get("/users/brett").body; strings.Contains(page, "ollow<") {
			t.Errorf("a visitor is offered to follow: %s", page)
		}
		if got := blog.browser(t).get("/home"); !strings.Contains(got.body, "<h1>Log in</h1>") {
			t.Errorf("a visitor's home: got %d %s", got.status, got.body)
		}
	})
}
