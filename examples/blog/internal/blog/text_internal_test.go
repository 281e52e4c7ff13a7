package blog

import (
	"strings"
	"testing"
)

// A title is one line in which something can be seen, whatever was sent.
func TestTitle(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		" a ":                    "a",
		"one\r\ntwo\u2028three":  "one two three",
		"a\t b\u00a0\u3000c":     "a b c",
		"ab\u202egpj.exe\u202c":  "abgpj.exe",
		"\u2067שלום\u2069":       "שלום",
		"a\u200fb":               "a\u200fb", // a mark
		"bell\a":                 "bell",
		"👩\u200d👧":               "👩\u200d👧",
		"नमस्ते":                 "नमस्ते",
		"…":                      "…",
		strings.Repeat("é", 200): strings.Repeat("é", 200),
	} {
		if got, err := title(given); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", given, got, err, want)
		}
	}
	for _, given := range []string{
		"", " \n ", "\u200b", "\u200d\u200c", "\ufeff", "\u2060", "\u00ad", "\u3164", "\u115f", "\uffa0", "\u2800 \u2800", "\u0301", "\u202e",
		"\U000e0041", "\ufe0f", "\u180e", "nul\x00", "bad\xff", strings.Repeat("é", 201),
	} {
		if got, err := title(given); err == nil {
			t.Errorf("%q: got %q, want an error", given, got)
		}
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                     "",
		" a\r\n\r\n  b\rc\t":   " a\n\n  b\nc\t",
		"\u202ecba\u202c\x1b[": "cba[",
	} {
		if got, err := body(given); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", given, got, err, want)
		}
	}
	if got, err := comment("\u200b"); err == nil {
		t.Errorf("a comment that cannot be seen: got %q", got)
	}
}
