package browser_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Without scripts, one signs up, writes, follows and comments.
func TestScriptless(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, reader := s.tab(t), s.tab(t)
	for _, who := range []*tab{ann, reader} {
		who.run("disable scripts", command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	}
	ann.signUp("ann")
	post := ann.write("On kites", "They need **wind**.")
	ann.sees("UTC") // scripts would show the date otherwise
	reader.signUp("reader")
	reader.open("/users/ann")
	reader.click("Follow")
	reader.sees("You follow this author.")
	reader.click("Home")
	reader.sees("1 unread", "On kites")
	reader.click("Mark all read")
	reader.sees("Marked as read.")
	reader.open(post)
	reader.fill("Your comment", "And a string.")
	reader.click("Comment")
	reader.sees("Your comment is published.", "And a string.")
	reader.click("Log out")
	reader.sees("You are logged out.")
}

// With scripts, dates are in the reader's language and zone.
func TestDates(t *testing.T) {
	t.Parallel()
	w := newTown(t, 3, 30)
	reader := w.tab(t)
	reader.run("be in Tokyo", from("de-DE", "Asia/Tokyo"))
	reader.open("/")
	reader.sees("17.05.2026, 18:30")
	reader.run("be in Lima", from("en-GB", "America/Lima"))
	reader.open("/")
	reader.sees("17 May 2026, 04:30")
}

// from lets the reader have a language and a zone.
func from(locale, zone string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(
		command(emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: locale}),
		command(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone}),
	)
}
