package blog

import (
	"fmt"
	"regexp"
	"unicode/utf8"
)

// The limits of what users may write, in characters.
const (
	// MaxName is the length of the longest name.
	MaxName = 32

	minPassword = 8
	maxPassword = 72
	maxTitle    = 200
	maxBody     = 50_000
	maxComment  = 2_000 // comments are stored in their timeline
	maxAbout    = 500
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

func checkName(name string) error {
	if !namePattern.MatchString(name) {
		return &InvalidError{"name", "must have 1 to 32 letters a–z, digits, _ or -"}
	}
	return nil
}

func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return &InvalidError{"password", fmt.Sprintf("must have %d to %d characters", minPassword, maxPassword)}
	}
	return nil
}
