package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A person without a mouse signs up, publishes, comments and deletes, and always sees where
// the focus is.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann := s.tab(t)
	ann.open("/signup")
	ann.types(kb.Tab)
	ann.onFocus("Skip to the text")
	ann.types(kb.Enter)
	ann.types(kb.Tab)
	ann.onFocus("Name")
	ann.types("ann" + kb.Tab)
	ann.onFocus("Password")
	ann.types(passwordOf("ann"))
	ann.enters()
	ann.sees("Welcome! Your account is ready.")

	ann.tabsTo("Write")
	ann.enters()
	ann.tabsTo("Title")
	ann.types("On kites" + kb.Tab)
	ann.onFocus("Text")
	ann.types("They need wind." + kb.Enter + kb.Enter + "And a string." + kb.Tab)
	ann.onFocus("Publish")
	ann.enters()
	ann.sees("Published.", "They need wind.")

	ann.tabsTo("Your comment")
	ann.types("And patience." + kb.Tab)
	ann.onFocus("Comment")
	ann.enters()
	ann.sees("Your comment is published.")
	ann.tabsToThe("summary")
	ann.types(kb.Enter + kb.Tab)
	ann.onFocus("Yes, delete this comment")
	ann.enters()
	ann.sees("Your comment is deleted.")

	ann.tabsTo("Delete")
	ann.enters()
	ann.tabsTo("Delete it")
	ann.enters()
	ann.sees("Deleted.")
	ann.tabsTo("Log out")
	ann.enters()
	ann.sees("You are logged out.")
}

// The keyboard reaches all that a mouse does, on each of these pages, and leaves it again.
func TestKeyboard_everywhere(t *testing.T) {
	t.Parallel()
	w := newTown(t, 8, 60)
	w.addLong(t)
	member := w.tab(t)
	member.logIn(long, password)
	for _, width := range []int64{wide, narrow} {
		member.run("be as wide", resize(width))
		for _, path := range []string{"/", "/home", "/write", longPost, "/account", "/users/" + w.authors[0]} {
			member.open(path)
			want := ask[int](member, `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), textarea, summary, [tabindex='0']")]
				.filter(e => e.checkVisibility({contentVisibilityAuto: true})).length`)
			for n := range want {
				member.types(kb.Tab)
				member.showsFocus(fmt.Sprintf("%s, stop %d of %d", path, n+1, want))
			}
			member.types(kb.Tab)
			if got := member.focus(); got.Name != "" {
				t.Errorf("%s: after %d stops the focus is on %s, want it out of the page", path, want, got.Name)
			}
		}
	}
}

// After an error the focus is on the field to correct, or else on the sentence.
func TestFocus_errors(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, reader := s.tab(t), s.tab(t)
	ann.signUp("ann")
	post := ann.write("On kites", "They need wind.")
	reader.signUp("reader")
	nobody := s.tab(t)
	for _, test := range []struct {
		who    *tab
		path   string
		fields []string // label, text, label, text
		button string
		want   string
	}{
		{nobody, "/signup", []string{"Name", "ann", "Password", "12345678"}, "Sign up", "Name"},
		{nobody, "/signup", []string{"Name", "Ann B", "Password", "12345678"}, "Sign up", "Name"},
		{nobody, "/login", []string{"Name", "ann", "Password", "not the right one"}, "Log in", "Password"},
		{ann, "/write", []string{"Title", " ", "Text", "A text."}, "Publish", "Title"},
		{ann, post + "/edit", []string{"Title", " "}, "Save", "Title"},
		{ann, "/account", []string{"Current password", "not the right one", "New password", "12345678"}, "Change the password", "Current password"},
		{ann, "/account/delete", []string{"Your password", "not the right one"}, "Delete it all", "Your password"},
		{reader, post, []string{"Your comment", " "}, "Comment", "Your comment"},
	} {
		test.who.open(test.path)
		for i := 0; i < len(test.fields); i += 2 {
			test.who.fill(test.fields[i], test.fields[i+1])
		}
		test.who.click(test.button)
		test.who.onFocus(test.want)
	}
	reader.open("/write")
	reader.fill("Title", "On string")
	reader.endSession()
	reader.click("Publish")
	reader.onFocus("Your session has ended: log in, and go on with what you wrote")
}

// focused is what has the focus.
type focused struct {
	Name    string // what it is called; empty: nothing has the focus
	Outline string // how it is marked
	Inside  bool   // a part of it is in the window
}

func (b *tab) focus() focused {
	b.t.Helper()
	return ask[focused](b, `(() => {
		const e = document.activeElement;
		if (!e || e === document.body || e === document.documentElement) return {name: ""};
		const box = e.getBoundingClientRect(), style = getComputedStyle(e);
		return {
			name: e.labels?.[0]?.innerText.trim() || e.innerText.trim() || e.tagName,
			outline: style.outlineStyle === "none" ? "" : style.outlineStyle + " " + style.outlineWidth,
			inside: box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
		};
	})()`)
}

// onFocus waits until what has this name has the focus, and is seen to have it.
func (b *tab) onFocus(name string) {
	b.t.Helper()
	b.eventually("have the focus on "+name, func() bool { return b.focus().Name == name })
	b.showsFocus(name)
}

func (b *tab) showsFocus(where string) {
	b.t.Helper()
	if got := b.focus(); got.Name == "" || got.Outline == "" || !got.Inside {
		b.t.Errorf("%s: the focus is %+v, want it to be seen", where, got)
	}
}

// tabsTo presses Tab until what has this name has the focus.
func (b *tab) tabsTo(name string) {
	b.t.Helper()
	b.tabsUntil(name, func() bool { return b.focus().Name == name })
}

// tabsToThe presses Tab until an element of this kind has the focus.
func (b *tab) tabsToThe(kind string) {
	b.t.Helper()
	b.tabsUntil(kind, func() bool { return ask[bool](b, fmt.Sprintf("document.activeElement.matches(%q)", kind)) })
}

func (b *tab) tabsUntil(what string, there func() bool) {
	b.t.Helper()
	for range 50 {
		b.types(kb.Tab)
		if there() {
			b.showsFocus(what)
			return
		}
	}
	b.t.Fatalf("50 tabs lead nowhere near %s:\n%s", what, b.text())
}

// enters presses Enter, and waits for the page that it leads to.
func (b *tab) enters() {
	b.t.Helper()
	b.goes("press Enter", chromedp.KeyEvent(kb.Enter))
}
