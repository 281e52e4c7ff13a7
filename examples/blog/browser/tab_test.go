package browser_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a person at a tab of the browser, with cookies of its own. Its methods fail the
// test if what they wait for does not come.
type tab struct {
	t    *testing.T
	site *site
	ctx  context.Context
}

// The widths of a computer's window and of a phone, in pixels, and the height of both.
const (
	wide   = 1200
	narrow = 390
	height = 800
)

// tab opens a tab as wide as a computer's.
func (s *site) tab(t *testing.T) *tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(chromium.open(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(func(event any) {
		if fault := faultIn(event); fault != "" {
			t.Error(fault)
		}
	}))
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, resize(wide)); err != nil {
		t.Fatal(err)
	}
	return &tab{t, s, ctx}
}

// resize gives the page another width.
func resize(width int64) chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(width, height)
}

// command is a command of the DevTools protocol whose answer says nothing.
func command[P any](c cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// faultIn returns what an event says that went wrong in a page, if anything. Answers with an
// error are the tests' matter, but for those to what a page needs.
func faultIn(event any) string {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		return "a script failed: " + (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error()
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && (e.Entry.Source != log.EntrySourceNetwork || strings.Contains(e.Entry.URL, "/static/")) {
			return fmt.Sprintf("a page has an error: %s %s", e.Entry.Text, e.Entry.URL)
		}
	}
	return ""
}

// run does something; what says what, for errors.
func (b *tab) run(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v\n%s", what, err, b.text())
	}
}

// goes does what leads to another page, and returns the status of that page, which has on
// its timelines what was written before.
func (b *tab) goes(what string, actions ...chromedp.Action[chromedp.Void]) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := b.site.blog.Drain(ctx); err != nil {
		b.t.Fatal(err)
	}
	answer, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		b.t.Fatalf("%s: %v\n%s", what, err, b.text())
	}
	return int(answer.Status)
}

// open opens a page, and returns its status.
func (b *tab) open(path string) int {
	b.t.Helper()
	return b.goes("open "+path, chromedp.Navigate(b.site.url+path))
}

// click clicks on the first link or button with this text, and waits for the page that it
// leads to.
func (b *tab) click(text string) int {
	b.t.Helper()
	return b.goes("click on "+text, press(text))
}

// press is a click on the button with this text, or else on the first link or summary with it.
func press(text string) chromedp.Action[chromedp.Void] {
	named := fmt.Sprintf(`[normalize-space()=%q]`, text)
	return chromedp.Click("//button"+named+"|//a"+named+"[not(//button"+named+")]|//summary"+named, chromedp.NodeVisible)
}

// fill writes a text in the field with this label, in place of what is there.
func (b *tab) fill(label, text string) {
	b.t.Helper()
	field := fmt.Sprintf(`//label[starts-with(normalize-space(), %q)]/*`, label)
	b.run("fill in "+label, chromedp.Focus(field), selectAll, chromedp.KeyEvent(text))
}

// selectAll selects what is in the field that has the focus.
var selectAll = chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
	_, err := chromedp.Evaluate[chromedp.Void]("document.activeElement.select()")(ctx, t)
	return err
})

// types presses keys, one after the other.
func (b *tab) types(keys string) {
	b.t.Helper()
	b.run("type "+keys, chromedp.KeyEvent(keys))
}

// ask evaluates a script in the page.
func ask[T any](b *tab, script string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluate %.200s: %v", script, err)
	}
	return answer
}

// text returns what can be read on the page.
func (b *tab) text() string {
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}

// sees waits until the page has the texts.
func (b *tab) sees(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.eventually(fmt.Sprintf("see %q", text), func() bool { return strings.Contains(b.text(), text) })
	}
}

// seesNot fails the test if the page has one of the texts.
func (b *tab) seesNot(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if page := b.text(); strings.Contains(page, text) {
			b.t.Errorf("sees %q in %s", text, page)
		}
	}
}

// eventually waits until something holds.
func (b *tab) eventually(what string, holds func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			b.t.Fatalf("does not %s:\n%s", what, b.text())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// signUp makes an account, and is logged in.
func (b *tab) signUp(name string) {
	b.t.Helper()
	b.open("/signup")
	b.fill("Name", name)
	b.fill("Password", passwordOf(name))
	b.click("Sign up")
	b.sees("Welcome! Your account is ready.")
}

func passwordOf(name string) string { return "secret-of-" + name }

// write publishes a post, and returns its path.
func (b *tab) write(title, body string) string {
	b.t.Helper()
	b.open("/write")
	b.fill("Title", title)
	b.fill("Text", body)
	b.click("Publish")
	b.sees("Published.")
	return ask[string](b, "location.pathname")
}

// endSession ends the session, of which the page does not know.
func (b *tab) endSession() {
	b.t.Helper()
	cookies, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{})
	})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, cookie := range cookies.Cookies {
		if cookie.Name == "blog_session" {
			if err := b.site.blog.LogOut(b.ctx, cookie.Value); err != nil {
				b.t.Fatal(err)
			}
			return
		}
	}
	b.t.Fatal("is not logged in")
}
