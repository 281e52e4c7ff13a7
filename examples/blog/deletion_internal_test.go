package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/timak-go/timak/timak"
)

// deleteAccount deletes the caller's account.
func (c caller) deleteAccount(name string) {
	c.t.Helper()
	c.want(http.StatusNoContent, "DELETE", "/api/users/me", fmt.Sprintf(`{"password":"secret-of-%s"}`, name), nil)
}

// comment writes a comment on a post.
func (c caller) comment(post made, body string) made {
	c.t.Helper()
	var comment made
	c.want(http.StatusCreated, "POST", fmt.Sprintf("/api/posts/%d/comments", post.ID), fmt.Sprintf(`{"body":%q}`, body), &comment)
	return comment
}

// wantClean stops a blog, and fails the test if its timelines differ from its tables.
func (b *running) wantClean(t *testing.T, args []string) {
	t.Helper()
	b.stop(t)
	wantChecked(t, exitClean, "the timelines match the tables", append([]string{verify}, args...)...)
}

// wantEmpty fails the test unless timelines of a blog that is not running are empty.
func wantEmpty(t *testing.T, args []string, keys ...string) {
	t.Helper()
	withTimelines(t, args, func(timelines *timak.Timelines) {
		for _, key := range keys {
			timeline, err := timelines.Get(t.Context(), key)
			if err != nil || len(timeline.IDs()) > 0 {
				t.Errorf("%s: got %v, %v, want an empty timeline", key, timeline.IDs(), err)
			}
		}
	})
}

// An account is deleted with all that hangs on it, and nothing of it is on any timeline. Its
// user is the newest, whose id SQLite might use again.
func TestAPI_deleteAccount(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		anna, carl, brett := blog.signUp(t, "anna"), blog.signUp(t, "carl"), blog.signUp(t, "brett")
		var again struct{ Token string }
		brett.want(http.StatusOK, "POST", "/api/login", `{"name":"brett","password":"secret-of-brett"}`, &again)

		hers, his := anna.write("hers"), brett.write("his")
		brett.want(http.StatusCreated, "POST", "/api/posts", `{"title":"draft","draft":true}`, nil)
		gone := brett.write("gone")
		brett.want(http.StatusNoContent, "DELETE", fmt.Sprintf("/api/posts/%d", gone.ID), "", nil)
		for _, user := range []caller{anna, carl} {
			user.follow("brett")
			user.comment(his, "to him")
		}
		carl.follow("anna")
		brett.follow("anna")
		brett.follow("carl")
		brett.comment(hers, "by him")
		carl.comment(hers, "by carl")
		brett.comment(his, "by himself")
		onHers := fmt.Sprintf("/api/posts/%d/comments", hers.ID)
		anna.shows("/api/home", "title", "his hers")
		carl.shows("/api/home", "title", "his hers")
		brett.shows("/api/home", "title", "his hers")

		brett.deleteAccount("brett")
		for _, user := range []caller{anna, carl} {
			user.shows("/api/home", "title", "hers")
		}
		anna.shows("/api/timeline", "title", "hers")
		anna.shows(onHers, "author_name", "carl")
		anna.wantPeople("/api/users/anna/followers", 9, "carl")
		anna.wantPeople("/api/users/anna/following", 9, "")
		anna.wantPeople("/api/users/carl/following", 9, "anna")
		anna.wantPeople("/api/users/carl/followers", 9, "")
		for _, path := range []string{"/api/users/brett/posts", followersOfBrett, fmt.Sprintf("/api/posts/%d/comments", his.ID)} {
			anna.want(http.StatusNotFound, "GET", path, "", nil)
		}
		anna.want(http.StatusNotFound, "PUT", "/api/users/brett/follow", "", nil)
		for _, token := range []string{brett.token, again.Token} {
			caller{t, blog.url, token}.want(http.StatusUnauthorized, "GET", "/api/home", "", nil)
		}
		anna.want(http.StatusUnauthorized, "POST", "/api/login", `{"name":"brett","password":"secret-of-brett"}`, nil)
		brett.want(http.StatusUnauthorized, "DELETE", "/api/users/me", `{"password":"secret-of-brett"}`, nil)

		blog.wantClean(t, args)
		const id = 3
		wantEmpty(t, args, "author:3:posts", "user:3:home", fmt.Sprintf("post:%d:comments", his.ID))
		for _, left := range []string{
			"users WHERE id = ?", "sessions WHERE user_id = ?", "posts WHERE author_id = ?", "comments WHERE author_id = ?",
			"follows WHERE follower_id = ?", "follows WHERE author_id = ?",
		} {
			if n := tables(t, args).count("SELECT count(*) FROM "+left, id); n > 0 {
				t.Errorf("%d rows are left: %s", n, left)
			}
		}
	})
}

// Who takes the name of a deleted account inherits nothing, even if that was the newest
// account and the blog was started again since.
func TestAPI_deletedNameAgain(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		anna := blog.signUp(t, "anna")
		page := blog.browser(t)
		page.signUp("brett")
		old := caller{t: t, url: blog.url}
		var session struct{ Token string }
		old.want(http.StatusOK, "POST", "/api/login", `{"name":"brett","password":"secret-of-brett"}`, &session)
		old.token = session.Token
		anna.follow("brett")
		old.follow("anna")
		anna.write("hers")
		old.write("old")
		page.lists("/home", "old hers")
		page.unread(2)
		page.submit("/home", "/home/seen")
		page.unread(0)
		next := old.page("/api/home").Next
		old.deleteAccount("brett")
		blog.stop(t)

		blog = start(t, args...)
		anna.url, old.url, page.url = blog.url, blog.url, blog.url
		var user struct {
			ID    uint
			Token string
		}
		old.want(http.StatusUnauthorized, "GET", "/api/home", "", nil)
		caller{t: t, url: blog.url}.want(http.StatusCreated, "POST", "/api/users", `{"name":"Brett","password":"secret-of-brett"}`, &user)
		if user.ID != 3 {
			t.Errorf("got id %d, want 3: one that nobody had", user.ID)
		}
		brett := caller{t, blog.url, user.Token}
		for _, path := range []string{"/api/home", "/api/users/brett/posts"} {
			brett.shows(path, "title", "")
		}
		brett.wantPeople(followersOfBrett, 9, "")
		brett.wantPeople(followedByBrett, 9, "")
		brett.want(http.StatusBadRequest, "GET", "/api/home?cursor="+next, "", nil)
		old.want(http.StatusUnauthorized, "GET", "/api/home", "", nil)
		if got := page.get("/home"); !strings.Contains(got.body, "<h1>Log in</h1>") {
			t.Errorf("the old session opens a home: %s", got.body)
		}

		brett.follow("anna")
		page.submit("/login", "/login", "name", "brett", "password", "secret-of-brett")
		page.lists("/home", "hers")
		page.unread(1) // which the old brett has seen
		brett.write("new")
		anna.shows("/api/home", "title", "hers")
		blog.wantClean(t, args)
	})
}

// A request to delete the account that is refused deletes nothing.
func TestAPI_deleteAccountRefused(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett := blog.signUp(t, "brett")
		brett.write("post")
		nobody := caller{t: t, url: blog.url}
		for _, test := range []struct {
			who  caller
			body string
			want int
			text string
		}{
			{nobody, `{"password":"secret-of-brett"}`, 401, "log in first"},
			{brett, `{"password":"secret-of-anna"}`, 422, "password is not that of your account"},
			{brett, `{"password":"secret-of-brett` + strings.Repeat("x", 100) + `"}`, 422, "password is not"},
			{brett, `{}`, 422, "password is not"},
			{brett, `{"password":7}`, 422, "password must not be a JSON number"},
			{brett, ``, 400, "not a JSON object"},
			{brett, `secret-of-brett`, 400, "not a JSON object"},
		} {
			got := test.who.call("DELETE", "/api/users/me", test.body)
			if got.status != test.want || !strings.Contains(got.body, test.text) {
				t.Errorf("%s: got %d %s, want %d and %q", test.body, got.status, got.body, test.want, test.text)
			}
		}
		brett.shows("/api/home", "title", "post")
	})
}

func TestPages_deleteAccount(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		anna, brett, phone := blog.browser(t), blog.browser(t), blog.browser(t)
		anna.signUp("anna")
		brett.signUp("brett")
		phone.submit("/login", "/login", "name", "brett", "password", "secret-of-brett")
		brett.write("his", "text")
		anna.submit("/users/brett", "/users/brett/follow")
		anna.lists("/home", "his")
		if page := anna.get("/users/brett").body; strings.Contains(page, "/account/delete") {
			t.Errorf("anna is offered to delete brett's account: %s", page)
		}
		brett.wantOn("/users/brett", `href="/account"`)
		brett.wantOn("/account", `href="/account/delete"`)

		got := brett.submit("/account/delete", "/account/delete", "password", "wrong")
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "password is not that of your account") || !strings.Contains(got.body, `action="/account/delete"`) {
			t.Errorf("a wrong password: got %d %s, want the form again", got.status, got.body)
		}
		phone.lists("/home", "his")
		got = brett.submit("/account/delete", "/account/delete", "password", "secret-of-brett")
		if got.status != http.StatusOK || !strings.Contains(got.body, "Latest posts") || strings.Contains(got.body, "Log out") {
			t.Errorf("got %d %s, want the front page, logged out", got.status, got.body)
		}
		for _, visitor := range []browser{brett, phone, blog.browser(t)} {
			visitor.wantOn("/account/delete", "<h1>Log in</h1>")
		}
		anna.lists("/home", "")
		anna.lists("/", "")
		anna.wantOn("/users/anna", "Following: 0<")
		if got := anna.get("/users/brett"); got.status != http.StatusNotFound {
			t.Errorf("the page of a deleted user: got %d", got.status)
		}
		blog.wantClean(t, args)
	})
}

// many is more rows of a kind than are deleted at once.
const many = 101

// fill gives user 1 many drafts, many follows in both directions, and many comments, by user 1
// on a post of user 2, and by user 2 on a draft of user 1.
func fill(d database) {
	const series = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
	const now = "'2026-01-01 00:00:00+00:00'"
	d.exec(series+"INSERT INTO users (name, name_key, password_hash, created_at) SELECT 'u' || i, 'u' || i, '', "+now+" FROM n", many)
	d.exec(series+"INSERT INTO posts (author_id, author_name, title, body, draft, created_at) SELECT 1, 'brett', 't', '', true, "+now+" FROM n", many)
	d.exec("INSERT INTO follows (follower_id, author_id, created_at) SELECT 1, id, " + now + " FROM users WHERE id > 1")
	d.exec("INSERT INTO follows (follower_id, author_id, created_at) SELECT id, 1, " + now + " FROM users WHERE id > 1")
	d.exec("INSERT INTO comments (post_id, author_id, author_name, body, created_at) SELECT min(id), 2, 'anna', 'c', "+now+
		" FROM posts, ("+series+"SELECT i FROM n) AS n WHERE author_id = 1 GROUP BY i", many)
	d.exec("INSERT INTO comments (post_id, author_id, author_name, body, created_at) SELECT min(id), 1, 'brett', 'c', "+now+
		" FROM posts, ("+series+"SELECT i FROM n) AS n WHERE author_id = 2 GROUP BY i", many)
}

// An account with many rows of every kind is deleted in one go.
func TestAPI_deleteLargeAccount(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, anna := blog.signUp(t, "brett"), blog.signUp(t, "anna")
		anna.write("hers")
		fill(tables(t, args))
		brett.write("his")
		anna.shows("/api/home", "title", "his hers")
		brett.deleteAccount("brett")
		anna.shows("/api/home", "title", "hers")
		anna.shows("/api/timeline", "title", "hers")
		blog.wantClean(t, args)
		for _, table := range []string{"comments", "follows"} {
			if n := tables(t, args).count("SELECT count(*) FROM " + table); n > 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}

// Two users who follow each other and have commented on each other's posts delete their
// accounts at the same time.
func TestAPI_deleteAccountsTogether(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		one, two := blog.signUp(t, "one"), blog.signUp(t, "two")
		one.follow("two")
		two.follow("one")
		one.write("ones")
		two.write("twos")
		d := tables(t, args)
		for range 400 {
			d.exec("INSERT INTO comments (post_id, author_id, author_name, body) SELECT id, 3 - author_id, 'name', 'c' FROM posts")
		}
		var g sync.WaitGroup
		g.Go(func() { one.wantDeleted("one") })
		g.Go(func() { two.wantDeleted("two") })
		g.Wait()
		if t.Failed() {
			return
		}
		caller{t: t, url: blog.url}.shows("/api/timeline", "title", "")
		blog.wantClean(t, args)
	})
}

// wantDeleted is deleteAccount for any goroutine. On a busy machine the blog may ask to try
// again.
func (c caller) wantDeleted(name string) {
	got := answer{status: http.StatusServiceUnavailable}
	for range 20 {
		if got = c.call("DELETE", "/api/users/me", fmt.Sprintf(`{"password":"secret-of-%s"}`, name)); got.status != http.StatusServiceUnavailable {
			break
		}
	}
	if got.status != http.StatusNoContent {
		c.t.Errorf("%s deletes the account: got %d %s", name, got.status, got.body)
	}
}

// While an account is deleted, its user and others go on writing. What was added before is
// deleted, and nothing is added afterwards.
func TestAPI_deleteAccountMeanwhile(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		anna := blog.signUp(t, "anna")
		hers := anna.write("hers")
		const rounds = 4
		for round := range rounds {
			brett := blog.signUp(t, "brett")
			his := brett.write("his")
			var g sync.WaitGroup
			for _, step := range []struct {
				who                caller
				method, path, body string
			}{
				{brett, "POST", "/api/posts", `{"title":"late"}`},
				{brett, "POST", fmt.Sprintf("/api/posts/%d/comments", hers.ID), `{"body":"late"}`},
				{brett, "PUT", "/api/users/anna/follow", ""},
				{anna, "PUT", "/api/users/brett/follow", ""},
				{anna, "POST", fmt.Sprintf("/api/posts/%d/comments", his.ID), `{"body":"late"}`},
			} {
				g.Go(func() {
					if !step.who.repeat(10_000, step.method, step.path, step.body) {
						t.Errorf("%s %s is never refused", step.method, step.path)
					}
				})
			}
			const logins = 10 // in every round, as the blog allows 60
			g.Go(func() { anna.repeat(logins, "POST", "/api/login", `{"name":"brett","password":"secret-of-brett"}`) })
			g.Go(func() { brett.wantDeleted("brett") })
			g.Wait()
			if t.Failed() {
				t.Fatalf("in round %d", round)
			}
		}
		anna.shows("/api/home", "title", "hers")
		anna.shows("/api/timeline", "title", "hers")
		blog.wantClean(t, args)
		for _, left := range []string{"sessions WHERE user_id > 1", "posts WHERE author_id > 1", "comments", "follows"} {
			if n := tables(t, args).count("SELECT count(*) FROM " + left); n > 0 {
				t.Errorf("%d rows are left: %s", n, left)
			}
		}
	})
}

// repeat makes a call up to a number of times, until it is refused, as what it is about has
// gone. It reports whether that was so.
func (c caller) repeat(most int, method, path, body string) (refused bool) {
	for range most {
		got := c.call(method, path, body)
		switch {
		case got.status == http.StatusUnauthorized, got.status == http.StatusNotFound:
			return true
		case got.status == http.StatusServiceUnavailable: // it is to be tried again
		case got.status >= 300:
			c.t.Errorf("%s %s: got %d %s", method, path, got.status, got.body)
			return true
		}
	}
	return false
}
