package timak

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
)

// FuzzCursor parses arbitrary texts, both unchanged and with a correct check.
// Nothing panics, errors are ErrBadCursor, and what parses is encoded to the same
// text.
func FuzzCursor(f *testing.F) {
	s := newScope(state.NewestFirst, []string{"brett:tweets"})
	for _, c := range []cursor{
		{at: state.Position{Date: 0, ID: "1"}},
		{at: state.Position{Date: -1 << 63, ID: "posts:12"}, before: true, backward: true},
		{at: state.Position{Date: 1<<63 - 1, ID: strings.Repeat("\xff", MaxIDLen)}, before: true},
	} {
		f.Add(c.text(s))
		f.Add(c.text(s) + "\n")
		f.Add(c.text(s) + "=")
	}
	f.Add("")
	f.Add("not base64!")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte("just long enough for a cursor")))
	f.Add(base64.RawURLEncoding.EncodeToString(make([]byte, cursorMax+1)))
	f.Fuzz(func(t *testing.T, text string) {
		roundTrip(t, s, text)
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(b) < cursorCheck {
			return
		}
		b = b[:len(b)-cursorCheck]
		roundTrip(t, s, base64.RawURLEncoding.EncodeToString(append(b, s.check(b)...)))
	})
}

func roundTrip(t *testing.T, s scope, text string) {
	t.Helper()
	c, err := parseCursor(text, s)
	if err != nil {
		if !errors.Is(err, ErrBadCursor) {
			t.Errorf("parseCursor(%q): got error %v, want ErrBadCursor", text, err)
		}
		return
	}
	if got := c.text(s); got != text || len(c.at.ID) == 0 || len(c.at.ID) > MaxIDLen {
		t.Errorf("parseCursor(%q): got %+v, which is written %q", text, c, got)
	}
}

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	s := newScope(state.OldestFirst, []string{"a", "b"})
	for _, date := range []int64{-1 << 63, -1, 0, 1, 1<<63 - 1} {
		for _, id := range []string{"1", "\x00", "posts:12", "\xff\n\"", strings.Repeat("n", MaxIDLen)} {
			for flags := range 4 {
				want := cursor{state.Position{Date: date, ID: id}, flags&1 != 0, flags&2 != 0}
				text := want.text(s)
				if got, err := parseCursor(text, s); err != nil || got != want {
					t.Errorf("parseCursor(%q): got %+v, %v; want %+v", text, got, err, want)
				}
				if strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
					t.Errorf("%+v is written %q, which a URL would escape", want, text)
				}
			}
		}
	}
}

// Sets of keys that are equal when joined are different scopes.
func TestCursorScopesAreApart(t *testing.T) {
	t.Parallel()
	scopes := []scope{
		newScope(state.NewestFirst, []string{"a", "b"}),
		newScope(state.OldestFirst, []string{"a", "b"}),
		newScope(state.NewestFirst, []string{"ab"}),
		newScope(state.NewestFirst, []string{"a b"}),
		newScope(state.NewestFirst, []string{`a" "b`}),
		newScope(state.NewestFirst, []string{"a", "a", "b"}),
		newScope(state.NewestFirst, []string{"a"}),
		newScope(state.NewestFirst, []string{"\xff"}),
		newScope(state.NewestFirst, []string{`\xff`}),
		newScope(state.NewestFirst, []string{"\uFFFD"}),
	}
	c := cursor{at: state.Position{Date: 1, ID: "1"}}
	for i, a := range scopes {
		for j, b := range scopes {
			if _, err := parseCursor(c.text(a), b); (err == nil) != (i == j) {
				t.Errorf("cursor of %+v, read in %+v: got error %v", a, b, err)
			}
		}
	}
}
