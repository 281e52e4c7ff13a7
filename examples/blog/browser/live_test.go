package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// A page that is open says how many posts have come, and moves nothing. The keyboard gets to
// them.
func TestLive(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	publish, reader := s.author(t, "ann"), s.tab(t)
	for n := range 12 {
		publish(fmt.Sprint("Old ", n))
	}
	reader.signUp("reader")
	reader.open("/users/ann")
	reader.click("Follow")
	for _, path := range []string{"/", "/home"} {
		reader.open(path)
		const place = "document.querySelector('article').getBoundingClientRect().top"
		before := ask[float64](reader, place)
		publish("New on " + path)
		reader.sees("1 new post")
		publish("Newer on " + path)
		reader.sees("2 new posts")
		reader.seesNot("New on "+path, "Newer on "+path)
		if after := ask[float64](reader, place); after != before {
			t.Errorf("%s: what is read has moved from %v to %v", path, before, after)
		}
		ask[any](reader, "scrollTo(0, 300)")
		if top := ask[float64](reader, "document.querySelector('[data-live] a').getBoundingClientRect().top"); top < 0 {
			t.Errorf("%s: the notice is %v pixels above the window, once one has read on", path, -top)
		}
		if got := ask[string](reader, "document.querySelector('[data-live]').role"); got != "status" {
			t.Errorf("%s: the notice is a %q, want a status", path, got)
		}
		reader.tabsTo("2 new posts")
		reader.enters()
		reader.sees("New on "+path, "Newer on "+path)
		if got := ask[string](reader, "location.pathname"); got != path {
			t.Errorf("the notice leads to %s, want %s", got, path)
		}
		reader.seesNot("new post")
	}
}

// Tabs of a browser share a stream, and each counts from where it was loaded. When the one
// with the stream is closed, another one goes on.
func TestLive_tabs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	publish := s.author(t, "ann")
	first := s.tab(t)
	first.open("/")
	tabs := []*tab{first}
	for range 7 { // more than a browser has connections
		tabs = append(tabs, first.another())
		tabs[len(tabs)-1].open("/")
	}
	publish("One")
	for _, tab := range tabs {
		tab.sees("1 new post")
	}
	if n := s.streams(t); n != 1 {
		t.Errorf("%d tabs have %d streams", len(tabs), n)
	}
	late := tabs[7]
	late.open("/")
	late.sees("One")
	publish("Two")
	for _, tab := range tabs[:7] {
		tab.sees("2 new posts")
	}
	late.sees("1 new post")
	first.open("/users/ann") // without a stream
	publish("Three")
	for _, tab := range tabs[1:7] {
		tab.sees("3 new posts")
	}
	late.sees("2 new posts")
	if n := s.streams(t); n != 1 {
		t.Errorf("%d tabs have %d streams", len(tabs)-1, n)
	}
}

// A home says nothing any more when its session has ended.
func TestLive_session(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	reader := s.tab(t)
	reader.signUp("reader")
	reader.open("/home")
	other := reader.another()
	other.open("/home")
	other.eventually("be told", func() bool { return s.streams(t) == 1 })
	reader.endSession()
	other.eventually("be told nothing", func() bool { return s.streams(t) == 0 })
	reader.open("/")
	reader.eventually("be told", func() bool { return s.streams(t) == 1 })
}

// author makes an account, and returns what publishes a post of it.
func (s *site) author(t *testing.T, name string) func(title string) {
	t.Helper()
	author, _, err := s.blog.SignUp(t.Context(), name, passwordOf(name), "")
	if err != nil {
		t.Fatal(err)
	}
	return func(title string) {
		t.Helper()
		if _, err := s.blog.Write(t.Context(), author, title, "", false); err != nil {
			t.Fatal(err)
		}
	}
}

// streams returns how many streams are open.
func (s *site) streams(t *testing.T) int64 {
	t.Helper()
	stats, err := s.blog.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stats.Watches
}

// another opens another tab of the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx)
	b.t.Cleanup(stop)
	if err := chromedp.Do(ctx, resize(wide)); err != nil {
		b.t.Fatal(err)
	}
	return &tab{b.t, b.site, ctx}
}

// The notice can be read and reached, on a computer and on a phone, in light and in dark.
func TestLive_looks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	publish, reader := s.author(t, "ann"), s.tab(t)
	for n := range 12 {
		publish(fmt.Sprint("Old ", n))
	}
	reader.look(look{name: "a page with news", path: "/", then: func(b *tab) {
		publish("New")
		b.sees("1 new post")
		ask[any](b, "scrollTo(0, 300)")
	}})
}
