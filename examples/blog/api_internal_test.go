package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAPI_accounts(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		nobody := caller{t: t, url: start(t, args...).url}
		var user struct {
			ID          uint
			Name, Token string
		}
		nobody.want(http.StatusCreated, "POST", "/api/users", `{"name":"Brett","password":"12345678"}`, &user)
		if user.ID == 0 || user.Name != "Brett" || user.Token == "" {
			t.Errorf("sign-up: got %+v", user)
		}
		nobody.want(http.StatusConflict, "POST", "/api/users", `{"name":"bRETT","password":"12345678"}`, nil)

		var session struct{ Token string }
		nobody.want(http.StatusOK, "POST", "/api/login", `{"name":"brett","password":"12345678"}`, &session)
		for _, token := range []string{user.Token, session.Token} {
			caller{t, nobody.url, token}.write("Hello")
		}
	})
}

func TestAPI_posts(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, anna := blog.signUp(t, "brett"), blog.signUp(t, "anna")
		site, author := "/api/timeline", "/api/users/Brett/posts"

		first, second := brett.write("one"), brett.write("two")
		third := anna.write("three")
		brett.shows(site, "title", "three two one")
		brett.shows(author, "title", "two one")

		path := fmt.Sprintf("/api/posts/%d", first.ID)
		var edited made
		brett.want(http.StatusOK, "PATCH", path, `{"title":"eins"}`, &edited)
		if edited.Title != "eins" || edited.Body != "Text of one" || edited.Draft || edited.Author != "brett" {
			t.Errorf("after PATCH of the title: got %+v", edited)
		}
		brett.shows(site, "title", "three two eins")

		brett.want(http.StatusOK, "PATCH", path, `{"draft":true}`, &edited)
		brett.shows(site, "title", "three two")
		brett.shows(author, "title", "two")
		brett.want(http.StatusOK, "PATCH", path, `{"draft":false,"body":"New"}`, &edited)
		if edited.Title != "eins" || edited.Body != "New" || edited.Draft {
			t.Errorf("after PATCH of draft and body: got %+v", edited)
		}
		brett.shows(author, "title", "two eins")

		anna.want(http.StatusForbidden, "DELETE", path, "", nil)
		anna.want(http.StatusForbidden, "PATCH", path, `{"title":"mine"}`, nil)
		brett.want(http.StatusNoContent, "DELETE", path, "", nil)
		brett.want(http.StatusNotFound, "DELETE", path, "", nil)
		brett.want(http.StatusNotFound, "PATCH", path, `{"draft":true}`, nil)
		brett.shows(site, "title", "three two")
		brett.shows(author, "title", "two")

		page := brett.page(site)
		if got, want := page.Items[0].ID, fmt.Sprintf("posts:%d", third.ID); got != want {
			t.Errorf("id of the first item: got %s, want %s", got, want)
		}
		if _, err := time.Parse(time.RFC3339, page.Items[0].At); err != nil {
			t.Error(err)
		}
		if got := page.texts("author_name"); got != "anna brett" {
			t.Errorf("authors: got %q", got)
		}
		_ = second
	})
}

func TestAPI_drafts(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, anna := blog.signUp(t, "brett"), blog.signUp(t, "anna")
		var draft made
		brett.want(http.StatusCreated, "POST", "/api/posts", `{"title":"idea","draft":true}`, &draft)
		if !draft.Draft {
			t.Errorf("got %+v, want a draft", draft)
		}
		brett.write("marker")
		brett.shows("/api/timeline", "title", "marker")

		comments := fmt.Sprintf("/api/posts/%d/comments", draft.ID)
		brett.want(http.StatusOK, "GET", comments, "", nil)
		brett.want(http.StatusCreated, "POST", comments, `{"body":"note to myself"}`, nil)
		anna.want(http.StatusNotFound, "GET", comments, "", nil)
		anna.want(http.StatusNotFound, "POST", comments, `{"body":"hm"}`, nil)
		caller{t: t, url: blog.url}.want(http.StatusNotFound, "GET", comments, "", nil)

		brett.want(http.StatusOK, "PATCH", fmt.Sprintf("/api/posts/%d", draft.ID), `{"draft":false}`, nil)
		brett.shows("/api/timeline", "title", "idea marker") // ordered by the date of publication
		anna.want(http.StatusOK, "GET", comments, "", nil)
	})
}

func TestAPI_comments(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, anna := blog.signUp(t, "brett"), blog.signUp(t, "anna")
		post := brett.write("post")
		path := fmt.Sprintf("/api/posts/%d/comments", post.ID)

		var first, second made
		anna.want(http.StatusCreated, "POST", path, `{"body":"yes"}`, &first)
		brett.want(http.StatusCreated, "POST", path, `{"body":"no"}`, &second)
		anna.shows(path, "body", "no yes")
		anna.shows(path, "author_name", "brett anna")

		brett.want(http.StatusForbidden, "DELETE", fmt.Sprintf("/api/comments/%d", first.ID), "", nil)
		anna.want(http.StatusNoContent, "DELETE", fmt.Sprintf("/api/comments/%d", first.ID), "", nil)
		anna.want(http.StatusNotFound, "DELETE", fmt.Sprintf("/api/comments/%d", first.ID), "", nil)
		anna.shows(path, "body", "no")

		brett.want(http.StatusNoContent, "DELETE", fmt.Sprintf("/api/posts/%d", post.ID), "", nil)
		anna.want(http.StatusNotFound, "GET", path, "", nil)
		anna.want(http.StatusNotFound, "POST", path, `{"body":"late"}`, nil)
		brett.want(http.StatusNotFound, "DELETE", fmt.Sprintf("/api/comments/%d", second.ID), "", nil)
	})
}

func TestAPI_pages(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		brett := start(t, args...).signUp(t, "brett")
		const posts, limit = 12, 5
		for i := range posts {
			brett.write(fmt.Sprint(i))
		}
		brett.shows("/api/timeline?limit=1000", "title", "11 10 9 8 7 6 5 4 3 2 1 0")

		var forward []string
		path := fmt.Sprintf("/api/timeline?limit=%d", limit)
		page := brett.page(path)
		for page.More {
			forward = append(forward, page.texts("title"))
			page = brett.page(path + "&cursor=" + page.Next)
		}
		forward = append(forward, page.texts("title"))
		if got := strings.Join(forward, "|"); got != "11 10 9 8 7|6 5 4 3 2|1 0" {
			t.Errorf("forward: got %s", got)
		}
		page = brett.page(path + "&cursor=" + page.Prev)
		if got := page.texts("title"); got != "6 5 4 3 2" || !page.More {
			t.Errorf("back: got %s, more %v", got, page.More)
		}

		newest := brett.page(path)
		brett.write("new")
		brett.shows(path+"&cursor="+newest.Prev, "title", "new")
	})
}

func TestAPI_health(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		nobody := caller{t: t, url: start(t, args...).url}
		for _, path := range []string{"/healthz", "/readyz"} {
			nobody.want(http.StatusOK, "GET", path, "", nil)
			nobody.want(http.StatusOK, "HEAD", path, "", nil)
		}
		if page := nobody.page("/api/timeline"); len(page.Items) != 0 || page.Items == nil || page.More {
			t.Errorf("a new blog: got %+v, want an empty list", page)
		}
	})
}
