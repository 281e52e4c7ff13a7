package tag_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]tag.Option{
		"key=a":                           {{Name: "key", Value: "a"}},
		" key = a b ; ; when =!Draft; ":   {{Name: "key", Value: "a b"}, {Name: "when", Value: "!Draft"}},
		"key=a=b":                         {{Name: "key", Value: "a=b"}},
		"key=\n\tauthor:{ID};\n\tmax=5\n": {{Name: "key", Value: "author:{ID}"}, {Name: "max", Value: "5"}},
	} {
		got, err := tag.Parse(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Parse(%q): %v (-want +got)\n%s", text, err, diff)
		}
	}
}

func TestParse_errors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":              "the rule is empty: it needs at least key=…",
		" ;; ":          "the rule is empty: it needs at least key=…",
		"key":           `expected name=value, got "key"`,
		"key=a; =b":     `expected name=value, got "=b"`,
		"key=a; when= ": `option "when" has no value`,
		"key=a; key=b":  `option "key" is given twice`,
	} {
		if got, err := tag.Parse(text); err == nil || err.Error() != want {
			t.Errorf("Parse(%q): got %v, %v, want the error %q", text, got, err, want)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		"":             nil,
		" , ":          nil,
		"Title":        {"Title"},
		" Title, Body": {"Title", "Body"},
		"Title,,Body,": {"Title", "Body"},
	} {
		if diff := cmp.Diff(want, tag.List(value)); diff != "" {
			t.Errorf("List(%q) (-want +got)\n%s", value, diff)
		}
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"":            "",
		"Ann-1_b.c":   "Ann-1_b.c",
		"7:posts":     "7%3Aposts",
		"100%":        "100%25",
		"%3A":         "%253A",
		"{ID}":        "%7BID%7D",
		"a b+c/d":     "a%20b%2Bc%2Fd",
		"\x00\n\x7f":  "%00%0A%7F",
		"Žofie 🙂":     "Žofie%20🙂",
		"\xff":        "\xff",
		`"';,=<>&\|~`: "%22%27%3B%2C%3D%3C%3E%26%5C%7C%7E",
	} {
		if got := tag.Escape(value); got != want {
			t.Errorf("Escape(%q): got %q, want %q", value, got, want)
		}
	}
}
