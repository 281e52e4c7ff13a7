// Package markdown turns what users write into HTML that is safe to show, and into plain
// text.
package markdown

import (
	"errors"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// Post returns a post's text as HTML. HTML in the text is shown as it was written. An image
// becomes a link: a page loads nothing from other sites. Headings begin at h2.
func Post(text string) template.HTML { return show(posts(), text) }

// Comment returns a short text as HTML, without headings and tables.
func Comment(text string) template.HTML { return show(comments(), text) }

// show renders a text, and then lets through only what the policy knows.
func show(m goldmark.Markdown, text string) template.HTML {
	safe := policy().Sanitize(string(convert(m, text)))
	return template.HTML(reachable.Replace(safe)) //nolint:gosec // sanitised here
}

// reachable lets the keyboard reach what scrolls if it is wider than the page.
var reachable = strings.NewReplacer("<pre>", `<pre tabindex="0">`, "<table", `<table tabindex="0"`)

// convert returns a text as HTML. One that would take more than maxOutput is shown as it was
// written.
func convert(m goldmark.Markdown, text string) []byte {
	var out bounded
	err := m.Convert([]byte(text), &out)
	if errors.Is(err, errFull) {
		return asWritten(text)
	}
	if err != nil {
		panic(fmt.Errorf("markdown: %w", err)) // bounded has no other error
	}
	return out.held.Bytes()
}

func asWritten(text string) []byte {
	lines := strings.ReplaceAll(template.HTMLEscapeString(text), "\n", "<br>\n")
	return []byte(`<p dir="auto">` + lines + "</p>\n")
}

// Both are made once: that takes longer than a page.
var (
	posts = sync.OnceValue(func() goldmark.Markdown {
		headings := []util.PrioritizedValue{
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
		}
		return dialect(headings, tables{})
	})
	comments = sync.OnceValue(func() goldmark.Markdown { return dialect(nil) })
)

// dialect returns Markdown without any HTML, in which the end of a line is one.
func dialect(more []util.PrioritizedValue, extensions ...goldmark.Extender) goldmark.Markdown {
	blocks := append([]util.PrioritizedValue{
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(shallow{parser.NewListParser()}, 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(shallow{parser.NewBlockquoteParser()}, 800),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	}, more...)
	return goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(blocks...),
			parser.WithInlineParsers(
				util.Prioritized(parser.NewCodeSpanParser(), 100),
				util.Prioritized(someLinks{parser.NewLinkParser()}, 200),
				util.Prioritized(parser.NewAutoLinkParser(), 300),
				util.Prioritized(parser.NewEmphasisParser(), 500),
			),
			parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
			parser.WithASTTransformers(util.Prioritized(shape{}, 1000)),
		)),
		goldmark.WithExtensions(append(extensions, extension.Linkify, extension.Strikethrough)...),
		goldmark.WithRendererOptions(html.WithHardWraps()),
	)
}

// policy is what may reach a page. It does not depend on what the renderer is believed to
// do.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "em", "strong", "del", "code", "pre",
		"blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("dir").Matching(onlyAuto).Globally()
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("align").Matching(bluemonday.CellAlign).OnElements("th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	return p
})
