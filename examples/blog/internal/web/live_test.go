package web_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/examples/blog/internal/web/live"
	"github.com/timak-go/timak/timak"
)

// quick are streams that do what they do at once, but for signs of life.
var quick = live.Options{Pause: time.Millisecond, Beat: time.Hour}

// shownAt returns where a page says that its list begins, and what tells of news.
func shownAt(t *testing.T, v *visitor, path string) (live, place string) {
	t.Helper()
	found := regexp.MustCompile(`data-live="([^"]*)" data-at="([^"]*)"`).FindStringSubmatch(v.get(path).Body.String())
	if found == nil {
		t.Fatalf("%s does not say where its list begins", path)
	}
	return found[1], html.UnescapeString(found[2])
}

// A stream says how many posts are newer than a page whenever that changes, and nothing else.
func TestLive(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Live: quick})
	url := s.serve(t)
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	for path, live := range map[string]string{"/": "/live", "/home": "/home/live"} {
		got, empty := shownAt(t, brett, path)
		if got != live || (path == "/" && empty != "") {
			t.Errorf("%s is told by %s of what is new to %q", path, got, empty)
		}
		fromEmpty := brett.stream(t, url+live+"?at="+empty)
		one := brett.publishes("one")
		fromEmpty.want(t, 1)
		_, place := shownAt(t, brett, path)
		stream := brett.stream(t, url+live+"?at="+place)
		two := brett.publishes("two")
		id := stream.want(t, 1)
		brett.post(one+"/edit", "title", "one, edited")
		three := brett.publishes("three")
		if next := stream.want(t, 2); next == id || next == place {
			t.Errorf("the cursor of two posts is %s, as before", next)
		}
		brett.post(three + "/delete")
		if got := stream.want(t, 1); got != id {
			t.Errorf("one post is left: got the cursor %s, want %s", got, id)
		}
		brett.post(two + "/delete")
		if got := stream.want(t, 0); got != place {
			t.Errorf("no post is left: got the cursor %s, want that of the page, %s", got, place)
		}
		brett.post(one + "/delete")
	}
}

// A stream begins with what the client does not know: that of its last event, or else of its
// page.
func TestLive_lastEvent(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Live: quick})
	url := s.serve(t)
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	brett.publishes("one")
	_, place := shownAt(t, brett, "/")
	two := brett.publishes("two")
	id := brett.stream(t, url+"/live?at="+place).want(t, 1)
	knows := brett.stream(t, url+"/live?at="+place, "Last-Event-ID", id)
	brett.publishes("three")
	last := knows.want(t, 2) // and not 1 before
	brett.stream(t, url+"/live?at="+place, "Last-Event-ID", id).want(t, 2)
	brett.stream(t, url+"/live?at="+place, "Last-Event-ID", "of another list").want(t, 2)
	brett.post(two + "/delete")
	brett.post("/posts/3/delete")
	if got := brett.stream(t, url+"/live?at="+place, "Last-Event-ID", last).want(t, 0); got != place {
		t.Errorf("got the cursor %s, want %s", got, place)
	}
}

// Only up to a hundred are counted.
func TestLive_many(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Live: quick})
	url := s.serve(t)
	nobody := s.visitor(t, "10.0.0.1")
	stream := nobody.stream(t, url+"/live?at=")
	rows := blog.Rows{Posts: make([]blog.Post, 101)}
	for i := range rows.Posts {
		at := time.Unix(int64(i), 0)
		rows.Posts[i] = blog.Post{AuthorID: 1, AuthorName: "brett", Title: "t", CreatedAt: at, PublishedAt: &at}
	}
	if err := s.blog.Fill(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	for { // the relay may take them in several goes
		if _, got := stream.next(t); got.More {
			break
		}
	}
	want(t, "the count", nobody.get("/live/count?at="), http.StatusOK, `{"count":100,"more":true}`)
}

// What is told of a home is its user's alone.
func TestLive_home(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Live: quick})
	url := s.serve(t)
	brett, anna, nobody := s.visitor(t, "10.0.0.1"), s.visitor(t, "10.0.0.2"), s.visitor(t, "10.0.0.3")
	brett.signUp("brett")
	anna.signUp("anna")
	for _, path := range []string{"/home/live", "/home/live/count"} {
		want(t, "nobody's "+path, nobody.get(path), http.StatusNoContent)
	}
	homes := anna.stream(t, url+"/home/live?at=")
	brett.publishes("one")
	anna.post("/users/brett/follow")
	homes.want(t, 1) // not before
	want(t, "brett's count", brett.get("/home/live/count?at="), http.StatusOK, `{"count":1,"more":false}`)
	anna.post("/users/brett/unfollow")
	homes.want(t, 0)
	_, place := shownAt(t, brett, "/home")
	for _, path := range []string{"/live", "/live/count", "/home/live", "/home/live/count"} {
		want(t, "brett's place on "+path, anna.get(path+"?at="+place), http.StatusBadRequest, `{"error":"`+timak.ErrBadCursor.Error())
	}
}

// Pages that are not the beginning of a list say nothing, nor do other lists.
func TestLive_pages(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	for i := range 11 {
		brett.publishes(fmt.Sprint(i))
	}
	second := regexp.MustCompile(`<a rel="next" href="([^"]*)"`).FindStringSubmatch(brett.get("/").Body.String())
	if second == nil {
		t.Fatal("no second page")
	}
	for path, says := range map[string]bool{"/": true, "/home": true, "/" + second[1]: false, "/users/brett": false, "/posts/1": false} {
		if got := strings.Contains(brett.get(path).Body.String(), "data-live"); got != says {
			t.Errorf("%s says what is new: %v, want %v", path, got, says)
		}
	}
	want(t, "the script", brett.get("/static/live.js"), http.StatusOK, "EventSource")
}

// publishes publishes a post, and returns its path.
func (v *visitor) publishes(title string) string {
	v.t.Helper()
	answer := v.post("/write", "title", title)
	want(v.t, "publish "+title, answer, http.StatusSeeOther)
	return answer.Header().Get("Location")
}
