package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// shown returns a text of a user as a terminal can show it: as it is, or quoted as in Go
// if it has characters that do something else than be seen, or could be taken for a
// quoted one.
func shown(text string) string {
	if text == "" || text != strings.TrimSpace(text) || strings.HasPrefix(text, `"`) || !utf8.ValidString(text) ||
		strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// shownKey returns a key as a terminal can show it, and as keyOf reads it.
func shownKey(key string) string {
	if likeStore(key) {
		return strconv.Quote(key)
	}
	return shown(key)
}

// argument returns a key as an argument for a POSIX shell.
func argument(key string) string {
	return "'" + strings.ReplaceAll(shownKey(key), "'", `'\''`) + "'"
}

// keyOf reads a key as shownKey writes it.
func keyOf(arg string) (string, error) {
	if likeStore(arg) && !strings.HasPrefix(arg, `"`) {
		return "", usageError("expected a key, got what looks like a store, which a flag names: write such a key in double quotes, as in Go")
	}
	if !strings.HasPrefix(arg, `"`) {
		return arg, nil
	}
	key, err := strconv.Unquote(arg)
	if err != nil {
		return "", usageError(`a key that begins with a double quote is read as in Go: expected "…" with \x00, \" and the like`)
	}
	return key, nil
}

// text is a text of a user in JSON: a string or, if it is not UTF-8, {"base64": "…"}.
type text string

// MarshalJSON implements json.Marshaler.
func (t text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal(map[string]string{"base64": base64.StdEncoding.EncodeToString([]byte(t))})
}

// date shows a date or a version, in microseconds.
func date(microseconds int64) string {
	return time.UnixMicro(microseconds).UTC().Format("2006-01-02T15:04:05.000000Z")
}

// count shows how many things there are.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
