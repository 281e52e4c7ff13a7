package tag_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

func TestParseTemplate(t *testing.T) {
	t.Parallel()
	type template struct {
		Fields []string
		Text   string // of String
		Key    string // with the values 7, 8, …
	}
	for text, want := range map[string]template{
		"site:posts":                {nil, "site:posts", "site:posts"},
		"{ID}":                      {[]string{"ID"}, "{ID}", "7"},
		"author:{ AuthorID }:posts": {[]string{"AuthorID"}, "author:{AuthorID}:posts", "author:7:posts"},
		"{A}/{B}:{A}":               {[]string{"A", "B", "A"}, "{A}/{B}:{A}", "7/8:9"},
		"author:{}":                 {[]string{""}, "author:{}", "author:7"},
		"100%:{A}:%:{B}":            {[]string{"A", "B"}, "100%:{A}:%:{B}", "100%:7:%:8"},
		"":                          {nil, "", ""},
	} {
		got, err := tag.ParseTemplate(text)
		values := make([]string, len(got.Fields()))
		for i := range values {
			values[i] = fmt.Sprint(7 + i)
		}
		if diff := cmp.Diff(want, template{got.Fields(), got.String(), got.Render(values)}); err != nil || diff != "" {
			t.Errorf("ParseTemplate(%q): %v (-want +got)\n%s", text, err, diff)
		}
	}
}

// alphabet is what values and literals are made of: characters with a meaning in
// keys and escapes, and some of every other kind.
var alphabet = []rune(":/%{}205Aa é\x00🙂")

func texts() *rapid.Generator[string] { return rapid.StringOfN(rapid.SampledFrom(alphabet), 0, 6, -1) }

// drawnTemplate is a template that ParseTemplate accepts, with its literals.
type drawnTemplate struct {
	tag.Template

	literals []string
}

func templates() *rapid.Generator[drawnTemplate] {
	return rapid.Custom(func(t *rapid.T) drawnTemplate {
		literal := rapid.Map(texts(), strings.NewReplacer("{", "", "}", "").Replace)
		d := drawnTemplate{literals: rapid.SliceOfN(literal, 2, 4).Draw(t, "literals")}
		var err error
		if d.Template, err = tag.ParseTemplate(strings.Join(d.literals, "{F}")); err != nil {
			t.Skip(err)
		}
		return d
	})
}

// read returns the values of a key. Each ends at the first byte of the next
// literal, which no value contains.
func (d drawnTemplate) read(t *rapid.T, key string) []string {
	rest, found := strings.CutPrefix(key, d.literals[0])
	var values []string
	for _, literal := range d.literals[1:] {
		end := len(rest)
		if found && literal != "" {
			end = strings.IndexByte(rest, literal[0])
			found = end >= 0 && strings.HasPrefix(rest[end:], literal)
		}
		if !found {
			t.Fatalf("key %q of %q: the literal %q is not where it should be", key, d, literal)
		}
		value, err := tag.Unescape(rest[:end])
		if err != nil {
			t.Fatalf("key %q of %q: %v", key, d, err)
		}
		values = append(values, value)
		rest = rest[end+len(literal):]
	}
	if rest != "" {
		t.Fatalf("key %q of %q: %q is left", key, d, rest)
	}
	return values
}

// No value changes what the template says: a key can be read back, so rows with
// different values have different keys.
func TestRender_cannotBeForged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		template := templates().Draw(t, "template")
		n := len(template.Fields())
		values := rapid.SliceOfN(texts(), n, n).Draw(t, "values")
		key := template.Render(values)
		if got := template.read(t, key); !slices.Equal(got, values) {
			t.Fatalf("Render(%q) of %q is %q, which reads %q", values, template, key, got)
		}
		others := rapid.SliceOfN(texts(), n, n).Draw(t, "other values")
		if other := template.Render(others); other == key && !slices.Equal(values, others) {
			t.Fatalf("Render of %q: %q and %q both give %q", template, values, others, key)
		}
	})
}

// Two fields between which text could move are refused, whatever stands between
// them.
func TestParseTemplate_needsSeparators(t *testing.T) {
	t.Parallel()
	for _, between := range []string{"", "a", "%", "-", "_", ".", "é", ":a", "a:", ":%", "%:", "%3A", ".:."} {
		text := "{A}" + between + "{B}"
		if got, err := tag.ParseTemplate(text); err == nil {
			t.Errorf("ParseTemplate(%q): got %q, want an error", text, got)
		}
	}
}

func TestTemplate_Bare(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"{ID}": true, "{ID}:{At}": true, "/{ID}/": true, "": true,
		"post:{ID}": false, "{ID}:post": false, "{ID}:7:{At}": false,
	} {
		template, err := tag.ParseTemplate(text)
		if err != nil || template.Bare() != want {
			t.Errorf("%q: got %v, %v, want %v", text, template.Bare(), err, want)
		}
	}
}
