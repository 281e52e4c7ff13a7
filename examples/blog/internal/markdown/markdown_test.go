package markdown_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/markdown"
)

func TestPost(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                  "",
		"one\ntwo":                          "<p dir=\"auto\">one<br>\ntwo</p>\n",
		"**b** *i* ~~d~~ `<c>`":             "<p dir=\"auto\"><strong>b</strong> <em>i</em> <del>d</del> <code>&lt;c&gt;</code></p>\n",
		"# a\n\n###### b":                   "<h2 dir=\"auto\">a</h2>\n<h6 dir=\"auto\">b</h6>\n",
		"see https://timak.example/a?b=c&d": `<p dir="auto">see <a href="https://timak.example/a?b=c&amp;d" rel="nofollow">https://timak.example/a?b=c&amp;d</a></p>` + "\n",
		"[here](/posts/1 \"title\")":        `<p dir="auto"><a href="/posts/1" rel="nofollow">here</a></p>` + "\n",
		"![a *cat*](https://x.example/c)":   `<p dir="auto"><a href="https://x.example/c" rel="nofollow">a <em>cat</em></a></p>` + "\n",
		"![](https://x.example/c)":          `<p dir="auto"><a href="https://x.example/c" rel="nofollow">https://x.example/c</a></p>` + "\n",
		"[![cat](c.png)](/d)":               `<p dir="auto"><a href="/d" rel="nofollow">cat</a></p>` + "\n",
		"3. c\n4. d":                        "<ol start=\"3\" dir=\"auto\">\n<li>c</li>\n<li>d</li>\n</ol>\n",
		"> q":                               "<blockquote dir=\"auto\"><p>q</p>\n</blockquote>\n",
		"| a |\n|--:|\n| b |":               "<table tabindex=\"0\" dir=\"auto\">\n<thead>\n<tr>\n<th align=\"right\">a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td align=\"right\">b</td>\n</tr>\n</tbody>\n</table>\n",
		"```js\nif (a<b)\n```":              "<pre tabindex=\"0\"><code>if (a&lt;b)\n</code></pre>\n",
	} {
		if got := string(markdown.Post(text)); got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
}

// HTML is shown as it was written, and nothing that a text may hold runs or loads anything.
func TestPost_harmless(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"<script>alert(1)</script>", "<b>bold</b>", "<img src=x onerror=alert(1)>", "<a href=javascript:alert(1)>x</a>",
		"\"><script>x</script>", "<!-- c -->", "<?php x ?>", "<div\n>\n<script>\n\nx", "a <svg/onload=x> b",
		"[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,<script>x</script>)", "[x](vbscript:x)",
		"<javascript:alert(1)>", "![x](javascript:alert(1))", "[x](java\nscript:x)", "[x](&#106;avascript:alert(1))", "[x](\x01javascript:x)",
		"[x]: javascript:alert(1)\n\n[x]", "[x](https://a.example \"onmouseover=alert(1)\")", "`<script>`", "# <script>x</script>",
	} {
		for _, got := range []string{string(markdown.Post(text)), string(markdown.Comment(text))} {
			low := strings.ToLower(got)
			for _, bad := range []string{"<script", "<img", "<svg", "<div", "<b>", "<!--", "<?", `href="javascript`, `href="data`, `href="vbscript`, " onmouseover", " style=", " id="} {
				if strings.Contains(low, bad) {
					t.Errorf("%q: got %q, with %q in it", text, got, bad)
				}
			}
		}
	}
	for text, want := range map[string]string{"<b>bold</b>": "&lt;b&gt;bold&lt;/b&gt;", "a\n<div>b": "&lt;div&gt;b", "<!-- c -->": "&lt;!-- c --&gt;"} {
		if got := string(markdown.Post(text)); !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q in it", text, got, want)
		}
	}
}

func TestComment(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"# no heading\nx": "<p dir=\"auto\"># no heading<br>\nx</p>\n",
		"x\n===":          "<p dir=\"auto\">x<br>\n===</p>\n",
		"*so*":            "<p dir=\"auto\"><em>so</em></p>\n",
	} {
		if got := string(markdown.Comment(text)); got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
}

// Each paragraph has the direction of its own writing.
func TestPost_directions(t *testing.T) {
	t.Parallel()
	got := string(markdown.Post("Hello\n\nשלום\n\n- سلام\n- b"))
	if n := strings.Count(got, `dir="auto"`); n != 3 {
		t.Errorf("got %d blocks with a direction in %q, want 3", n, got)
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                "",
		"# Head\n\ntext **bo**ld\nmore":   "Head · text bold…",
		"# A\n\n## B":                     "A · B",
		"Of:\n- a\n  - b\n- c\n\nd":       "Of: a · b · c · d",
		"- a\n\n- b\n\n  c":               "a · b c",
		"1. a\n2. b":                      "a · b",
		"|a|b|\n|-|-|\n|c|d|":             "a · b · c · d",
		"- a\n\nOf:\n\n- b":               "a · Of: b",
		"> a\n\nb":                        "a b",
		"a &amp; b \\* <i>c</i>":          "a & b * <i>c</i>",
		"one two three four five six":     "one two three four…",
		strings.Repeat("x", 30):           strings.Repeat("x", 20) + "…",
		"[here](https://x.example) go":    "here go",
		strings.Repeat("ä", 200) + " end": strings.Repeat("ä", 20) + "…",
	} {
		if got := markdown.Excerpt(text, 20); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// What nests deeper than people write, or has more links than they make, is shown as text:
// showing it must not cost more than it did to send.
func TestPost_bounds(t *testing.T) {
	t.Parallel()
	for text, deep := range map[string]string{strings.Repeat("> ", 5000) + "x": "<blockquote", strings.Repeat("1. ", 5000) + "x": "<ol"} {
		got := string(markdown.Post(text))
		if n := strings.Count(got, deep); n < 10 || n > 40 || !strings.Contains(got, "x") {
			t.Errorf("%.20q…: got %d of %s", text, n, deep)
		}
	}
	got := string(markdown.Post(strings.Repeat("[a](b) ", 3000) + "end"))
	if n := strings.Count(got, "<a "); n != 1000 || !strings.Contains(got, "[a](b) end") {
		t.Errorf("got %d links, want 1000 and then text", n)
	}
}

// A text of any shape is shown: what nests deeply neither ends the program nor holds it up.
func FuzzPost(f *testing.F) {
	for _, text := range []string{"> > > a", "- - - a", "[[[[a](b)](c)", "**_*_**", "| a\n|-\n", "```\n~~~", "\u202e\u2066x", "![![a](b)](c)"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range []string{string(markdown.Post(text)), string(markdown.Comment(text))} {
			if again := fmt.Sprint(got); strings.Contains(strings.ToLower(again), "<script") {
				t.Errorf("%q: got %q", text, got)
			}
		}
		if n := len([]rune(markdown.Excerpt(text, 10))); n > 11 {
			t.Errorf("%q: the excerpt has %d characters", text, n)
		}
	})
}
