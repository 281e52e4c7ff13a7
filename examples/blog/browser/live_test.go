package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// beside opens another tab in the same browser.
func (b *tab) beside() *tab {
	b.t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx)
	b.t.Cleanup(stop)
	return &tab{b.t, b.site, ctx}
}

// The front page says that there are new posts while it is open, and does not move.
func TestNews(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, reader := s.tab(t), s.tab(t)
	ann.signUp("ann")
	ann.write("First", "There before.")
	reader.open("/")
	ann.write("Second", "While the page was open.")
	reader.sees("1 new post")
	ann.write("Third", "Too.")
	reader.sees("2 new posts", "First")
	reader.seesNot("Second", "Third")
	if label := ask[string](reader, `document.querySelector("[data-live]").getAttribute("role")`); label != "status" {
		t.Errorf("the notice has the role %q, want one that is read out", label)
	}
	reader.click("2 new posts")
	reader.sees("Second", "Third")
	reader.seesNot("new post")

	ann.open("/")
	ann.write("Fourth", "One's own.")
	ann.open("/")
	ann.sees("Fourth")
	ann.seesNot("new post")
}

// A home says it too, of those whom its reader follows. When the session has ended, it is
// silent.
func TestNews_home(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, bob, reader := s.tab(t), s.tab(t), s.tab(t)
	ann.signUp("ann")
	bob.signUp("bob")
	reader.signUp("reader")
	reader.open("/users/ann")
	reader.click("Follow")
	reader.open("/home")
	bob.write("By bob", "Whom nobody follows.")
	ann.write("By ann", "For followers.")
	reader.sees("1 new post")
	reader.click("1 new post")
	reader.sees("By ann", "1 unread")
	reader.endSession()
	ann.write("By ann again", "For followers.")
	other := s.tab(t)
	other.open("/")
	other.sees("By ann again")
	reader.seesNot("new post")
}

// Many tabs of a browser share one stream. With one each, those of HTTP/1.1 would use up
// the six connections, and no further page would come.
func TestNews_manyTabs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, first := s.tab(t), s.tab(t)
	ann.signUp("ann")
	tabs := []*tab{first}
	for range 7 {
		tabs = append(tabs, first.beside())
	}
	for _, b := range tabs {
		b.open("/")
	}
	ann.write("New", "For all.")
	for _, b := range tabs {
		b.sees("1 new post")
	}
	first.open("/login") // the tab with the stream: another one takes over
	ann.write("Newer", "For the rest.")
	for _, b := range tabs[1:] {
		b.sees("2 new posts")
	}
}
