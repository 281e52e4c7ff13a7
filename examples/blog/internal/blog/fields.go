package blog

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The limits of what users may write.
const (
	minPassword = 8
	maxPassword = 72     // bytes; bcrypt ignores the rest
	maxTitle    = 200    // characters
	maxBody     = 50_000 // characters
	maxComment  = 2_000  // characters; comments are stored in their timeline
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

func checkName(name string) error {
	if !namePattern.MatchString(name) {
		return &InvalidError{"name", "must have 1 to 32 letters a–z, digits, _ or -"}
	}
	return nil
}

func checkPassword(password string) error {
	if len(password) < minPassword || len(password) > maxPassword {
		return &InvalidError{"password", fmt.Sprintf("must have %d to %d bytes", minPassword, maxPassword)}
	}
	return nil
}

// title returns the title in its stored form.
func title(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", &InvalidError{"title", "must not be empty"}
	}
	return s, checkText("title", s, maxTitle)
}

// body returns a post's body in its stored form. It may be empty.
func body(s string) (string, error) {
	s = newlines(s)
	return s, checkText("body", s, maxBody)
}

// comment returns a comment's body in its stored form.
func comment(s string) (string, error) {
	s = strings.TrimSpace(newlines(s))
	if s == "" {
		return "", &InvalidError{"comment", "must not be empty"}
	}
	return s, checkText("comment", s, maxComment)
}

// newlines reverses what HTML forms do to line ends.
func newlines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// checkText refuses text that is too long or that Postgres cannot store.
func checkText(field, s string, limit int) error {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return &InvalidError{field, "must be valid text"}
	}
	if utf8.RuneCountInString(s) > limit {
		return &InvalidError{field, fmt.Sprintf("must have at most %d characters", limit)}
	}
	return nil
}
