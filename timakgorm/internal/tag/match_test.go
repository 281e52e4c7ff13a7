package tag_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// Match reads what Render writes, and nothing else.
func TestMatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		template := templates().Draw(t, "template")
		fields := len(template.Fields())
		values := rapid.SliceOfN(texts(), fields, fields).Draw(t, "values")
		text := template.Render(values)
		if got, ok := template.Match(text); !ok || !slices.Equal(got, values) {
			t.Fatalf("%q matches %q: got %q, %v; want %q", template, text, got, ok, values)
		}
		other := rapid.OneOf(texts(), rapid.Just(text+":"), rapid.Just(text+"a"), rapid.Just(":"+text)).Draw(t, "other")
		if got, ok := template.Match(other); ok && template.Render(got) != other {
			t.Fatalf("%q matches %q with %q, of which it makes %q", template, other, got, template.Render(got))
		}
	})
}

func TestMatch_examples(t *testing.T) {
	t.Parallel()
	type match struct {
		values []string
		ok     bool
	}
	for _, tt := range []struct {
		template, text string
		want           match
	}{
		{"author:{A}:posts", "author:7:posts", match{[]string{"7"}, true}},
		{"author:{A}:posts", "author:7%3Aposts:posts", match{[]string{"7:posts"}, true}},
		{"author:{A}:posts", "author::posts", match{[]string{""}, true}},
		{"author:{A}:posts", "author:7:8:posts", match{}},
		{"author:{A}:posts", "author:7:post", match{}},
		{"author:{A}:posts", "author:7:posts:", match{}},
		{"author:{A}:posts", "author:%37:posts", match{}},  // Escape writes 7
		{"author:{A}:posts", "author:%3a:posts", match{}},  // Escape writes %3A
		{"author:{A}:posts", "author:100%:posts", match{}}, // no escape
		{"{A}", "7", match{[]string{"7"}, true}},
		{"{A}/{B}", "é🙂/", match{[]string{"é🙂", ""}, true}},
		{"site:posts", "site:posts", match{nil, true}},
		{"site:posts", "site:post", match{}},
		{"site:posts", "site:posts2", match{}},
	} {
		template, err := tag.ParseTemplate(tt.template)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := template.Match(tt.text); ok != tt.want.ok || ok && !slices.Equal(got, tt.want.values) {
			t.Errorf("%q matches %q: got %q, %v; want %q, %v", tt.template, tt.text, got, ok, tt.want.values, tt.want.ok)
		}
	}
	if _, ok := (tag.Template{}).Match(""); !ok {
		t.Error("the zero Template does not match the empty text")
	}
}
