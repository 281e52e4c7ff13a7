package sqltext

import (
	"regexp"
	"strconv"
	"strings"
)

// What Postgres has for a text or a name may be written in other characters: after
// E with those of C, after U& with the numbers of Unicode, in several parts.

// textOf returns what the quoted text at the beginning of words says.
func textOf(words []string) (text string, quoted bool) {
	text, _, quoted = cutTexts(words)
	return text, quoted
}

// cutTexts returns what the quoted text at the beginning of words says, and what
// follows it. Those beside each other are one, which the database takes only from
// different lines.
func cutTexts(words []string) (text string, rest []string, quoted bool) {
	if len(words) == 0 {
		return "", nil, false
	}
	kind, text, quoted := cutText(words[0])
	if !quoted || kind == "$" {
		return text, words[1:], quoted
	}
	words = words[1:]
	for len(words) > 0 {
		also, more, next := cutText(words[0])
		if !next || also != "" {
			break
		}
		text, words = text+more, words[1:]
	}
	switch kind {
	case "e":
		text = cEscape.ReplaceAllStringFunc(text, unescaped)
	case "u&":
		text = withoutUnicode(text, escapeOf(words))
		words = AfterWord(words, "uescape", 2)
	}
	return text, words, true
}

// cutText parts a quoted text from the letters before it, or from the marks around
// it, of which the kind is $.
func cutText(word string) (kind, text string, quoted bool) {
	if mark := dollarMark(word); mark != "" {
		return "$", strings.TrimSuffix(word[len(mark):], mark), true
	}
	kind, text, quoted = strings.Cut(word, "'")
	kind = strings.ToLower(kind)
	quoted = quoted && (kind == "" || kind == "e" || kind == "u&")
	return kind, strings.ReplaceAll(strings.TrimSuffix(text, "'"), "''", "'"), quoted
}

// cEscape matches an escape in a text E'…'.
var cEscape = regexp.MustCompile(`(?s)\\(?:[0-7]{1,3}|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)`)

// unescaped returns what an escape stands for.
func unescaped(escape string) string {
	code := escape[1:]
	switch {
	case code[0] >= '0' && code[0] <= '7':
		return byteOf(code, 8)
	case code[0] == 'x' && len(code) > 1:
		return byteOf(code[1:], 16)
	case (code[0] == 'u' || code[0] == 'U') && len(code) > 1:
		return runeOf(code[1:])
	default:
		if i := strings.IndexByte("bfnrt", code[0]); i >= 0 {
			return "\b\f\n\r\t"[i : i+1]
		}
		return code
	}
}

func byteOf(digits string, base int) string {
	number, _ := strconv.ParseUint(digits, base, 16)
	return string([]byte{byte(number)})
}

func runeOf(digits string) string {
	number, _ := strconv.ParseInt(digits, 16, 32)
	return string(rune(number))
}

// withoutUnicode returns what a text or name after U& says.
func withoutUnicode(text string, escape byte) string {
	mark := regexp.QuoteMeta(string(escape))
	each := regexp.MustCompile(mark + `(?:[0-9a-fA-F]{4}|\+[0-9a-fA-F]{6}|` + mark + `)`)
	return each.ReplaceAllStringFunc(text, func(code string) string {
		digits := strings.TrimPrefix(code[1:], "+")
		if digits == string(escape) {
			return digits
		}
		return runeOf(digits)
	})
}

// escapeOf returns the character that words after a text or name have for its
// escapes.
func escapeOf(words []string) byte {
	if len(words) > 1 && SameName(words[0], "uescape") {
		if _, text, _ := cutText(words[1]); len(text) == 1 {
			return text[0]
		}
	}
	return '\\'
}

// afterEscape returns words without what follows their first about its escapes.
func afterEscape(words []string) []string {
	if len(words) > 2 && SameName(words[1], "uescape") {
		return append(words[:1:1], words[3:]...)
	}
	return words
}
