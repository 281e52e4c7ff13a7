package tag_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// FuzzTag gives the parsers any text. Nothing panics, and what can be parsed can
// be written and parsed again.
func FuzzTag(f *testing.F) {
	for _, seed := range []string{
		"", "key", "key=", "=", ";", "key=a;key=b",
		"audience=posts; key=user:{ID}:home; source=author:{AuthorID}; copy=20",
		"key=author:{AuthorID}:posts; date=CreatedAt; when=!Draft; data=Title,Body; source=author:{AuthorID}; max=500",
		"{", "}", "{}", "{{}}", "a{b}c", "{A}:{B}", "{A}%{B}", "%", "%2", "%zz", "7:posts", "\x00\xff🙂",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkOptions(t, text)
		checkTemplate(t, text)
		if got, err := tag.Unescape(tag.Escape(text)); err != nil || got != text {
			t.Errorf("Unescape(Escape(%q)): got %q, %v", text, got, err)
		}
		_, _ = tag.Unescape(text) // an error is a fine answer
	})
}

func checkOptions(t *testing.T, text string) {
	t.Helper()
	options, err := tag.Parse(text)
	if err != nil {
		return
	}
	var again []string
	for _, option := range options {
		again = append(again, option.Name+"="+option.Value)
	}
	got, err := tag.Parse(strings.Join(again, "; "))
	if diff := cmp.Diff(options, got); err != nil || diff != "" {
		t.Errorf("Parse(%q), written and parsed again: %v (-first +second)\n%s", text, err, diff)
	}
}

func checkTemplate(t *testing.T, text string) {
	t.Helper()
	template, err := tag.ParseTemplate(text)
	if err != nil {
		return
	}
	again, err := tag.ParseTemplate(template.String())
	if diff := cmp.Diff(template.Fields(), again.Fields()); err != nil || diff != "" || again.String() != template.String() {
		t.Errorf("ParseTemplate(%q), written as %q and parsed again: %v (-first +second)\n%s", text, template, err, diff)
	}
	values := make([]string, len(template.Fields()))
	for i := range values {
		values[i] = "{7:posts}"
	}
	if key := template.Render(values); strings.ContainsAny(key, "{}") {
		t.Errorf("Render of %q: got %q, want no braces", template, key)
	}
}
