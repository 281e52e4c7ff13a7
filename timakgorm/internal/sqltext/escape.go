package sqltext

import (
	"regexp"
	"strconv"
	"strings"
)

// In Postgres a string literal or a name may be written with escapes, after E as
// in C and after U& with Unicode numbers, and a literal may have several parts.

// literalOf returns the value of the string literal at the beginning of words,
// and reports whether there is one.
func literalOf(words []string) (text string, quoted bool) {
	text, _, quoted = cutLiterals(words)
	return text, quoted
}

// cutLiterals returns the value of the string literal at the beginning of words,
// and the words after it. Adjacent literals are one; the database accepts that
// only on different lines.
func cutLiterals(words []string) (text string, rest []string, quoted bool) {
	if len(words) == 0 {
		return "", nil, false
	}
	kind, text, quoted := cutLiteral(words[0])
	if !quoted || kind == "$" {
		return text, words[1:], quoted
	}
	words = words[1:]
	for len(words) > 0 {
		also, more, next := cutLiteral(words[0])
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

// cutLiteral separates a string literal from its prefix, which is the kind. For a
// dollar-quoted literal the kind is $.
func cutLiteral(word string) (kind, text string, quoted bool) {
	if mark := dollarMark(word); mark != "" {
		return "$", strings.TrimSuffix(word[len(mark):], mark), true
	}
	kind, text, quoted = strings.Cut(word, "'")
	kind = strings.ToLower(kind)
	quoted = quoted && (kind == "" || kind == "e" || kind == "u&")
	return kind, strings.ReplaceAll(strings.TrimSuffix(text, "'"), "''", "'"), quoted
}

// cEscape matches an escape in E'…'.
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

// withoutUnicode returns what a literal or a name after U& stands for.
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

// escapeOf returns the escape character that the words after a literal or a name
// set with UESCAPE. Defaults to a backslash.
func escapeOf(words []string) byte {
	if len(words) > 1 && SameName(words[0], "uescape") {
		if _, text, _ := cutLiteral(words[1]); len(text) == 1 {
			return text[0]
		}
	}
	return '\\'
}

// afterEscape returns words without the UESCAPE clause that follows the first
// one.
func afterEscape(words []string) []string {
	if len(words) > 2 && SameName(words[1], "uescape") {
		return append(words[:1:1], words[3:]...)
	}
	return words
}
