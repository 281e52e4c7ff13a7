package main

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestPages_author(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, reader := blog.browser(t), blog.browser(t)
		brett.signUp("brett")
		both := func(want string) {
			t.Helper()
			reader.lists("/", want)
			reader.lists("/users/Brett", want)
		}
		both("")
		first := brett.write("one", "1")
		brett.write("two", "2")
		both("two one")

		if got := brett.get(first).body; !strings.Contains(got, `<time datetime="20`) || strings.Contains(got, ", edited <time") {
			t.Errorf("a new post has no date, or was edited: %s", got)
		}
		if got := brett.submit(first+"/edit", first+"/edit", "title", "eins", "body", "1").body; !strings.Contains(got, ", edited <time") {
			t.Errorf("an edited post does not say so: %s", got)
		}
		both("two eins")

		brett.submit(first, first+"/draft")
		both("two")
		brett.lists("/drafts", "eins")
		if got := reader.get(first); got.status != http.StatusNotFound {
			t.Errorf("a reader opens a draft: got %d", got.status)
		}
		if got := brett.get(first); got.status != http.StatusOK || !strings.Contains(got.body, "only you can see it") {
			t.Errorf("the author opens the draft: got %d %s", got.status, got.body)
		}

		brett.submit(first, first+"/publish")
		both("two eins")
		brett.lists("/drafts", "")

		brett.submit(first+"/delete", first+"/delete")
		both("two")
		if got := brett.get(first); got.status != http.StatusNotFound {
			t.Errorf("a deleted post: got %d", got.status)
		}
	})
}

func TestPages_comments(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, anna := blog.browser(t), blog.browser(t)
		brett.signUp("brett")
		anna.signUp("anna")
		post := brett.write("post", "text")

		got := anna.submit(post, post+"/comments", "body", "<b>bold</b>")
		if !strings.Contains(got.body, "&lt;b&gt;bold&lt;/b&gt;") || strings.Contains(got.body, "<b>") {
			t.Errorf("a comment is not shown, or not escaped: %s", got.body)
		}
		if got := brett.get("/").body; !strings.Contains(got, "1 comment</a>") {
			t.Errorf("the front page does not count the comment: %s", got)
		}
		action := regexp.MustCompile(`/comments/\d+/delete`)
		if found := action.FindString(brett.get(post).body); found != "" {
			t.Errorf("brett is offered to delete anna's comment: %s", found)
		}
		got = anna.submit(post, action.FindString(anna.get(post).body))
		if got.status != http.StatusOK || !strings.Contains(got.body, "No comments yet") {
			t.Errorf("after deleting the comment: got %d %s", got.status, got.body)
		}
	})
}

func TestPages_olderAndNewer(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett := blog.signUp(t, "brett")
		for i := range 25 {
			brett.write(fmt.Sprint(i))
		}
		reader := blog.browser(t)
		for _, path := range []string{"/", "/users/brett"} {
			reader.lists(path, "24 23 22 21 20 19 18 17 16 15")
			newest := reader.get(path)
			middle := reader.get(path + link(newest, "older →"))
			oldest := reader.get(path + link(middle, "older →"))
			back := reader.get(path + link(oldest, "← newer"))
			got := fmt.Sprint(shownTitles(middle), shownTitles(oldest), shownTitles(back))
			if want := "[14 13 12 11 10 9 8 7 6 5] [4 3 2 1 0] [14 13 12 11 10 9 8 7 6 5]"; got != want {
				t.Errorf("%s: got %s, want %s", path, got, want)
			}
			if link(newest, "← newer") != "" || link(oldest, "older →") != "" {
				t.Errorf("%s: the ends lead further", path)
			}
		}
	})
}

// link returns the target of a page's link with this text, or nothing.
func link(page answer, text string) string {
	found := regexp.MustCompile(`<a rel="\w+" href="([^"]*)">` + text).FindStringSubmatch(page.body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

func TestPages_escaped(t *testing.T) {
	t.Parallel()
	blog := start(t, "-data", t.TempDir())
	brett := blog.browser(t)
	brett.signUp("brett")
	const nasty = `"><script>alert(1)</script>{{.}}'&`
	post := brett.write(nasty, nasty)
	for _, path := range []string{"/", "/users/brett", post, post + "/edit", post + "/delete"} {
		page := brett.get(path).body
		if strings.Contains(page, "<script>") || !strings.Contains(page, "&lt;script&gt;") {
			t.Errorf("%s: the title is not shown, or not escaped: %s", path, page)
		}
	}
	got := brett.submit(post+"/edit", post+"/edit", "title", "t", "body", "first\r\nsecond **bold** https://timak.example\r\n")
	for _, want := range []string{"first<br>\nsecond <strong>bold</strong>", `<a href="https://timak.example" rel="nofollow">`} {
		if !strings.Contains(got.body, want) {
			t.Errorf("got %s, want %s in it", got.body, want)
		}
	}
	if got := brett.get(post + "/edit").body; !strings.Contains(got, ">\nfirst\nsecond **bold**") {
		t.Errorf("the text that was written is not kept: %s", got)
	}
}

func TestPages_problems(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett, anna := blog.browser(t), blog.browser(t)
		brett.signUp("brett")
		anna.signUp("anna")
		post := brett.write("post", "text")

		for _, test := range []struct {
			name string
			got  answer
			want int
			text string
		}{
			{"name taken", anna.submit("/signup", "/signup", "name", "BRETT", "password", "12345678"), 409, "taken"},
			{"bad password", anna.submit("/signup", "/signup", "name", "carl", "password", "short"), 422, `value="carl"`},
			{"wrong password", anna.submit("/login", "/login", "name", "brett", "password", "wrong-one"), 401, "wrong name or password"},
			{"no title", brett.submit("/write", "/write", "title", " ", "body", "long text"), 422, "long text"},
			{"no title, edit", brett.submit(post+"/edit", post+"/edit", "title", "", "body", "long text"), 422, "long text"},
			{"long comment", brett.submit(post, post+"/comments", "body", strings.Repeat("c", 2001)), 422, "2000 characters"},
			{"large form", brett.submit("/write", "/write", "title", strings.Repeat("x", 1<<20)), 413, "Your browser still has what you wrote"},
			{"bad cursor", brett.get("/?cursor=nonsense"), 400, "cursor"},
			{"no page", brett.get("/nonsense"), 404, "Log out"},
			{"no page for a form", brett.post("/nonsense", nil), 404, "not found"},
			{"no post", brett.get("/posts/999"), 404, "not found"},
			{"no user", brett.get("/users/nobody"), 404, "not found"},
			{"edit another's", anna.get(post + "/edit"), 403, "only its author"},
			{"delete another's", anna.get(post + "/delete"), 403, "only its author"},
			{"not logged in", blog.browser(t).get("/write"), 200, "<h1>Log in</h1>"},
		} {
			if test.got.status != test.want || !strings.Contains(test.got.body, test.text) {
				t.Errorf("%s: got %d %s, want %d with %q", test.name, test.got.status, test.got.body, test.want, test.text)
			}
			if !strings.HasPrefix(test.got.body, "<!doctype html>") {
				t.Errorf("%s: not a page: %s", test.name, test.got.body)
			}
		}
		brett.lists("/", "post")
	})
}
