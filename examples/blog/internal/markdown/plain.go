package markdown

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// excerptSource is how much of a text is read for an excerpt of one character: markup may
// take the rest.
const excerptSource = 8

// Excerpt returns the beginning of a post's text in one line and without markup, of at most
// limit characters and an ellipsis, as Shorten does.
func Excerpt(text string, limit int) string {
	if most := limit * excerptSource; len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return Shorten(plain(convert(posts(), text)), limit)
}

// Shorten returns the beginning of a plain text, of at most limit characters and an ellipsis.
// It ends with a word if it can.
func Shorten(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return string(runes)
	}
	cut := string(runes[:limit+1])
	if space := strings.LastIndexByte(cut, ' '); space > len(cut)/2 {
		cut = cut[:space]
	} else {
		cut = string(runes[:limit])
	}
	return strings.TrimRight(cut, " ,;:–—-") + "…"
}

// plain returns the text of HTML in one line. What would run into what follows, such as
// headings, is set apart by dots.
func plain(page []byte) string {
	var out apart
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return out.text()
		}
		if kind == html.TextToken {
			out.last.WriteString(tokens.Token().Data)
			continue
		}
		name, _ := tokens.TagName()
		if !withinWords[string(name)] {
			out.last.WriteByte(' ')
		}
		if out.parted(string(name), kind == html.StartTagToken) {
			out.part()
		}
	}
}

// withinWords are the elements that may begin or end within a word.
var withinWords = map[string]bool{"a": true, "em": true, "strong": true, "del": true, "code": true}
