package markdown_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/markdown"
)

// A destination that is written once is not written out in each link to it.
func TestPost_references(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"[a]: /" + strings.Repeat("x", 40_000) + "\n\n" + strings.Repeat("[a] ", 2000),
		"[a]: /" + strings.Repeat("x", 40_000) + "\n\n" + strings.Repeat("[b][a] ", 1000),
		"[a]: /" + strings.Repeat("x", 40_000) + "\n\n" + strings.Repeat("![a] ", 1000),
		"[a]: /" + strings.Repeat("x", 40_000) + "\n\n" + strings.Repeat("![][a] ", 1000),
		"[a]: /" + strings.Repeat("x", 1000) + "\n\n" + strings.Repeat("[a] ", 250),
		"[a]: /x '" + strings.Repeat("y", 40_000) + "'\n\n" + strings.Repeat("[a] ", 2000),
	} {
		for name, show := range map[string]func(string) string{"post": post, "comment": comment} {
			got := show(text)
			if most := 6*len(text) + 64<<10; len(got) > most || !strings.Contains(got, "a") {
				t.Errorf("%s %.10q…, %d bytes: got %d bytes, want at most %d", name, text, len(text), len(got), most)
			}
		}
	}
	got := post("[a]: /x 'title'\n\n" + strings.Repeat("[a] ", 500))
	if n := strings.Count(got, `<a href="/x" rel="nofollow">a</a>`); n != 500 {
		t.Errorf("got %d links to one place, want 500", n)
	}
}

func post(text string) string    { return string(markdown.Post(text)) }
func comment(text string) string { return string(markdown.Comment(text)) }

// A text whose HTML is too large is shown as it was written.
func TestPost_asWritten(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("<b> & ![é](/"+strings.Repeat("é", 990)+")\n", 200)
	got := post(text)
	if strings.Contains(got, "<a ") || html.UnescapeString(strings.ReplaceAll(got, "<br>", "")) != `<p dir="auto">`+text+"</p>\n" {
		t.Errorf("got %d bytes: %.300s", len(got), got)
	}
	if got := post(strings.Repeat("x", 1<<20)); got != `<p dir="auto">`+strings.Repeat("x", 1<<20)+"</p>\n" {
		t.Errorf("a long word: got %d bytes", len(got))
	}
}

// No link is within another, which browsers would take apart.
func TestPost_nestedLinks(t *testing.T) {
	t.Parallel()
	nested := regexp.MustCompile(`<a [^>]*>([^/]|/[^a])*<a `)
	for text, want := range map[string]string{
		"![[a](b)](c)":                 `<a href="c" rel="nofollow">a</a>`,
		"![x *[a](b)* y](c)":           `<a href="c" rel="nofollow">x <em>a</em> y</a>`,
		"![![a](b)](c)":                `<a href="c" rel="nofollow">a</a>`,
		"[![![a](b) c](d) e](f)":       `<a href="f" rel="nofollow">a c e</a>`,
		"![https://x.example](c)":      `<a href="c" rel="nofollow">https://x.example</a>`,
		"![<https://x.example>](c)":    `<a href="c" rel="nofollow">https://x.example</a>`,
		"[<https://x.example?a&b>](c)": `<a href="c" rel="nofollow">https://x.example?a&amp;b</a>`,
		"[![](b)](c)":                  `<a href="c" rel="nofollow">b</a>`,
		"<https://x.example>":          `<a href="https://x.example" rel="nofollow">https://x.example</a>`,
	} {
		for _, got := range []string{post(text), comment(text)} {
			if nested.MatchString(got) || got != `<p dir="auto">`+want+"</p>\n" {
				t.Errorf("%s:\n got %s\nwant %s", text, got, want)
			}
		}
	}
}
