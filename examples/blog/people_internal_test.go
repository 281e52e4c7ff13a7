package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// people is a page of followers or followed authors.
type people struct {
	Items []struct{ Name string }
	Next  string
	More  bool
}

func (p people) names() string {
	var names []string
	for _, item := range p.Items {
		names = append(names, item.Name)
	}
	return strings.Join(names, " ")
}

// people reads a list page by page, and returns the names; pages are separated by bars.
func (c caller) people(path string, limit int) string {
	c.t.Helper()
	var pages []string
	for cursor := ""; ; {
		var page people
		c.want(http.StatusOK, "GET", fmt.Sprintf("%s?limit=%d&cursor=%s", path, limit, cursor), "", &page)
		pages = append(pages, page.names())
		if page.More != (page.Next != "") {
			c.t.Errorf("%s: more is %v, next %q", path, page.More, page.Next)
		}
		if !page.More {
			return strings.Join(pages, "|")
		}
		cursor = page.Next
	}
}

func (c caller) wantPeople(path string, limit int, want string) {
	c.t.Helper()
	if got := c.people(path, limit); got != want {
		c.t.Errorf("%s by %d: got %q, want %q", path, limit, got, want)
	}
}

func (c caller) follow(name string) {
	c.t.Helper()
	c.want(http.StatusNoContent, "PUT", "/api/users/"+name+"/follow", "", nil)
}

const (
	followersOfBrett = "/api/users/Brett/followers"
	followedByBrett  = "/api/users/Brett/following"
)

func TestAPI_people(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, nobody := blog.signUp(t, "brett"), caller{t: t, url: blog.url}
		for _, name := range []string{"anna", "Carl", "dora", "emil"} {
			blog.signUp(t, name).follow("brett")
			brett.follow(name)
		}
		for limit, want := range map[int]string{1: "emil|dora|Carl|anna", 2: "emil dora|Carl anna", 3: "emil dora Carl|anna", 4: "emil dora Carl anna", 1000: "emil dora Carl anna"} {
			nobody.wantPeople(followersOfBrett, limit, want)
			nobody.wantPeople(followedByBrett, limit, want)
		}
		nobody.wantPeople("/api/users/anna/followers", 9, "brett")
		nobody.wantPeople("/api/users/anna/following", 9, "brett")

		var page people
		nobody.want(http.StatusOK, "GET", followedByBrett+"?limit=2", "", &page)
		brett.follow("dora") // again: keeps its place
		brett.want(http.StatusNoContent, "DELETE", "/api/users/dora/follow", "", nil)
		nobody.wantPeople(followedByBrett, 9, "emil Carl anna")
		nobody.want(http.StatusOK, "GET", followedByBrett+"?cursor="+page.Next, "", &page)
		if got := page.names(); got != "Carl anna" {
			t.Errorf("after the one at the cursor is gone: got %q", got)
		}
		brett.follow("anna")
		nobody.wantPeople(followedByBrett, 9, "emil Carl anna")
		brett.follow("dora")
		nobody.wantPeople(followedByBrett, 9, "dora emil Carl anna")
		nobody.wantPeople(followersOfBrett, 9, "emil dora Carl anna")
	})
}

// The answer is an object with these fields, for an empty list too.
func TestAPI_peopleShape(t *testing.T) {
	t.Parallel()
	blog := start(t, "-data", t.TempDir())
	brett := blog.signUp(t, "brett")
	wantBody := func(want string) {
		t.Helper()
		if got := brett.call("GET", followersOfBrett, ""); got.status != http.StatusOK || got.body != want+"\n" {
			t.Errorf("got %d %s, want %s", got.status, got.body, want)
		}
	}
	wantBody(`{"items":[],"next":"","more":false}`)
	blog.signUp(t, "anna").follow("brett")
	wantBody(`{"items":[{"name":"anna"}],"next":"","more":false}`)
}

// Follows of the same instant are each on one page.
func TestAPI_peopleOfOneInstant(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett := blog.signUp(t, "brett")
		var want []string
		for i := range 7 {
			name := fmt.Sprint("u", i)
			blog.signUp(t, name).follow("brett")
			brett.follow(name)
			want = append([]string{name}, want...)
		}
		tables(t, args).exec("UPDATE follows SET created_at = '2026-01-01 00:00:00+00:00'")
		for _, path := range []string{followersOfBrett, followedByBrett} {
			if got := brett.people(path, 2); strings.ReplaceAll(got, "|", " ") != strings.Join(want, " ") {
				t.Errorf("%s: got %q, want %q", path, got, want)
			}
		}
	})
}

// A cursor is refused where it does not belong, with what was expected.
func TestAPI_peopleCursors(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, anna, carl := blog.signUp(t, "brett"), blog.signUp(t, "anna"), blog.signUp(t, "carl")
		for _, user := range []caller{anna, carl} {
			user.follow("brett")
		}
		brett.follow("anna")
		brett.follow("carl")
		brett.write("post")
		var page people
		brett.want(http.StatusOK, "GET", followersOfBrett+"?limit=1", "", &page)
		for name, path := range map[string]string{
			"of the other list":      followedByBrett + "?cursor=" + page.Next,
			"of another user's list": "/api/users/anna/followers?cursor=" + page.Next,
			"of a timeline":          followersOfBrett + "?cursor=" + brett.page("/api/timeline").Next,
			"damaged":                followersOfBrett + "?cursor=x" + page.Next[1:],
			"cut short":              followersOfBrett + "?cursor=" + page.Next[:len(page.Next)-2],
			"with more":              followersOfBrett + "?cursor=" + page.Next + "AA",
			"with a line end":        followersOfBrett + "?cursor=" + page.Next + "%0A",
			"nonsense":               followersOfBrett + "?cursor=nonsense",
			"binary":                 followersOfBrett + "?cursor=%00%FF",
		} {
			got := brett.call("GET", path, "")
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, "expected the next of a page of this one") {
				t.Errorf("a cursor %s: got %d %s, want 400 and what was expected", name, got.status, got.body)
			}
		}
		for _, limit := range []string{"0", "-1", "1001", "x", "9999999999999999999"} {
			for _, path := range []string{followersOfBrett, followedByBrett} {
				got := brett.call("GET", path+"?limit="+limit, "")
				if got.status != http.StatusBadRequest || !strings.Contains(got.body, "limit must be 1 to 1000") {
					t.Errorf("%s, limit %s: got %d %s, want 400", path, limit, got.status, got.body)
				}
			}
		}
		if logged := blog.trouble(); logged != "" {
			t.Errorf("clients' mistakes were logged: %s", logged)
		}
	})
}

// listsPeople compares the names on a page of people.
func (b browser) listsPeople(path, want string) {
	b.t.Helper()
	var names []string
	for _, found := range regexp.MustCompile(`<li><a href="/users/([\w-]+)">`).FindAllStringSubmatch(b.get(path).body, -1) {
		names = append(names, found[1])
	}
	if got := strings.Join(names, " "); got != want {
		b.t.Errorf("%s lists %q, want %q", path, got, want)
	}
}

func (b browser) wantOn(path, text string) {
	b.t.Helper()
	if got := b.get(path); !strings.Contains(got.body, text) {
		b.t.Errorf("%s: got %d %s, want %q in it", path, got.status, got.body, text)
	}
}

func TestPages_people(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, visitor := blog.signUp(t, "brett"), blog.browser(t)
		const of, by = "/users/brett/followers", "/users/brett/following"
		for _, path := range []string{of, by} {
			visitor.wantOn(path, "Nobody yet")
		}
		for i := range 12 {
			blog.signUp(t, fmt.Sprint("u", i)).follow("brett")
		}
		brett.follow("u3")
		visitor.wantOn("/users/Brett", `<a href="/users/brett/followers">Followers: 12</a>`)
		visitor.wantOn("/users/Brett", `<a href="/users/brett/following">Following: 1</a>`)
		visitor.wantOn("/users/u3", `<a href="/users/u3/followers">Followers: 1</a>`)
		visitor.listsPeople(by, "u3")
		visitor.listsPeople(of, "u11 u10 u9 u8 u7 u6 u5 u4 u3 u2")
		next := link(visitor.get(of), "next →")
		visitor.listsPeople(of+next, "u1 u0")
		if further := link(visitor.get(of+next), "next →"); further != "" {
			t.Errorf("the last page leads to %s", further)
		}
		for _, path := range []string{by + next, of + "?cursor=nonsense"} {
			if got := visitor.get(path); got.status != http.StatusBadRequest || !strings.Contains(got.body, "expected the next of a page of this one") {
				t.Errorf("%s: got %d %s, want 400 and what was expected", path, got.status, got.body)
			}
		}
		if got := visitor.get("/users/nobody/followers"); got.status != http.StatusNotFound {
			t.Errorf("followers of nobody: got %d", got.status)
		}
	})
}

// A form that follows the wrong user is answered with a page that says why.
func TestPages_followProblems(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, anna := blog.browser(t), blog.browser(t)
		brett.signUp("brett")
		anna.signUp("anna")
		token := hidden.FindStringSubmatch(anna.get("/write").body)[2]
		for _, test := range []struct {
			action string
			want   int
			text   string
		}{
			{"/users/anna/follow", 422, "is your own"},
			{"/users/nobody/follow", 404, "not found"},
			{"/users/nobody/unfollow", 404, "not found"},
			{"/users/brett/unfollow", 200, ">Follow<"}, // whom anna does not follow
			{"/users/brett/follow", 200, ">Unfollow<"},
			{"/users/brett/follow", 200, "Followers: 1<"}, // twice
			{"/users/brett/unfollow", 200, "Followers: 0<"},
			{"/users/brett/unfollow", 200, ">Follow<"}, // twice
		} {
			got := anna.post(test.action, map[string][]string{"_csrf": {token}})
			if got.status != test.want || !strings.Contains(got.body, test.text) {
				t.Errorf("%s: got %d %s, want %d and %q", test.action, got.status, got.body, test.want, test.text)
			}
		}
	})
}
