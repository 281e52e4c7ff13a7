package blog

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// title returns the title in its stored form: one line, in which something can be seen.
func title(s string) (string, error) {
	s = oneLine(s)
	return s, checkWritten("title", s, maxTitle)
}

func oneLine(s string) string { return clean(strings.Join(strings.Fields(s), " ")) }

// body returns a post's body in its stored form. It may be empty.
func body(s string) (string, error) {
	s = clean(newlines(s))
	return s, checkText("body", s, maxBody)
}

// comment returns a comment's body in its stored form.
func comment(s string) (string, error) {
	s = strings.TrimSpace(clean(newlines(s)))
	return s, checkWritten("comment", s, maxComment)
}

// about returns what users say about themselves in its stored form. It may be empty.
func about(s string) (string, error) {
	s = strings.TrimSpace(clean(newlines(s)))
	return s, checkText("about", s, maxAbout)
}

// newlines makes line ends what they are in a stored text; HTML forms change them.
func newlines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// clean removes the characters that cannot be seen and do harm: control characters, and
// those that turn the direction of what follows, with which a text can pose as another. NUL
// stays, to be refused.
func clean(s string) string {
	if !utf8.ValidString(s) {
		return s // to be refused too
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != 0 || turns(r) {
			return -1
		}
		return r
	}, s)
}

// turns reports whether a character begins or ends an embedding, an override or an isolate
// of direction. Marks, which concern only their neighbours, do not.
func turns(r rune) bool { return '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' }

// checkWritten is checkText for a field in which something must be seen.
func checkWritten(field, s string, limit int) error {
	if strings.TrimSpace(s) == "" {
		return &InvalidError{field, "must not be empty"}
	}
	if err := checkText(field, s, limit); err != nil {
		return err
	}
	if !strings.ContainsFunc(s, visible) {
		return &InvalidError{field, "must have a character that can be seen"}
	}
	return nil
}

// visible reports whether a character leaves something on paper by itself.
func visible(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !blank[r]
}

// blank are the letters and symbols that look like nothing: the fillers of Hangul, and the
// pattern of Braille without a dot.
var blank = map[rune]bool{'\u115f': true, '\u1160': true, '\u3164': true, '\uffa0': true, '\u2800': true}

// checkText refuses text that is too long or that Postgres cannot store.
func checkText(field, s string, limit int) error {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return &InvalidError{field, "must be valid text"}
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return &InvalidError{field, fmt.Sprintf("must have at most %d characters, and has %d", limit, n)}
	}
	return nil
}
