package testserver

import (
	"errors"
	"testing"
)

// Missing is the error where there is no server to start. It says what to do.
type Missing string

func (m Missing) Error() string { return string(m) }

// GiveUp skips t if a server is Missing, and fails it on any other error.
func GiveUp(t testing.TB, err error) {
	t.Helper()
	if _, missing := errors.AsType[Missing](err); missing {
		t.Skip(err)
	}
	t.Fatal(err)
}
