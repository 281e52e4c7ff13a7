package tag_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

func TestMeets(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"author:{A}", "author:{B}", true},
		{"author:{A}", "tag:{B}", false},
		{"{A}", "author", true},
		{"{A}", "author:{B}", false}, // a value has no colon
		{"author:7", "author:{A}", true},
		{"author:7", "author:8", false},
		{"a:{A}:x", "a:{B}", false},
		{"{A}:{B}", "x:{B}", true},
		{"{A}/x", "y/{B}", true},
		{"all", "all", true},
		{"%41:{A}", "{B}:x", true},
	} {
		a, b := parsed(t, test.a), parsed(t, test.b)
		if got := a.Meets(b); got != test.want {
			t.Errorf("%s meets %s: got %t", test.a, test.b, got)
		}
		if got := b.Meets(a); got != test.want {
			t.Errorf("%s meets %s: got %t", test.b, test.a, got)
		}
	}
}

func parsed(t rapid.TB, text string) tag.Template {
	t.Helper()
	template, err := tag.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// Templates meet if one renders what the other matches.
func TestMeets_rendered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		templates := rapid.SampledFrom([]string{"{A}", "a:{A}", "{A}:a", "a:{A}:b", "{A}/{B}", "a/{B}", "a", "a:b", "a/b"})
		a, b := parsed(t, templates.Draw(t, "a")), parsed(t, templates.Draw(t, "b"))
		values := make([]string, len(a.Fields()))
		for i := range values {
			values[i] = rapid.SampledFrom([]string{"a", "b", ":", "", "a/b", "é"}).Draw(t, "value")
		}
		if _, matches := b.Match(a.Render(values)); matches && !a.Meets(b) {
			t.Fatalf("%s and %s both make %s, and do not meet", a, b, a.Render(values))
		}
	})
}
