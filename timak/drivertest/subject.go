package drivertest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
)

// A subject is the store under test, and a key to test it with. Its methods end the
// test when a call fails, so only the test's own goroutine may call them.
type subject struct {
	t     *testing.T
	store driver.Store
	key   string
}

// at returns the same subject with another key.
func (s subject) at(key string) subject {
	s.key = key
	return s
}

func (s subject) get() driver.Object {
	s.t.Helper()
	obj, err := s.store.Get(s.t.Context(), s.key)
	if err != nil {
		s.t.Fatalf("Get(%q): %v", s.key, err)
	}
	return obj
}

func (s subject) put(value string, token driver.Token) driver.Token {
	s.t.Helper()
	got, err := s.store.Put(s.t.Context(), s.key, []byte(value), token)
	if err != nil {
		s.t.Fatalf("Put(%q, %s, token %x): %v", s.key, clip(value), token, err)
	}
	return got
}

// want compares the siblings, in any order, and returns what Get returned.
func (s subject) want(values ...string) driver.Object {
	s.t.Helper()
	obj := s.get()
	got := texts(obj.Siblings)
	slices.Sort(got)
	slices.Sort(values)
	if !slices.Equal(values, got) {
		s.t.Fatalf("siblings of %q: got %q, want %q", s.key, clipAll(got), clipAll(values))
	}
	return obj
}

// wantToken replaces all siblings by token, which proves that it covers them.
func (s subject) wantToken(token driver.Token) {
	s.t.Helper()
	s.put("covers all", token)
	s.want("covers all")
}

// wantErr compares a call's error.
func (s subject) wantErr(call string, got, want error) {
	s.t.Helper()
	if !errors.Is(got, want) {
		s.t.Errorf("%s: got error %v, want %v", call, got, want)
	}
}

// patience is how long a call that must return at once may take on a loaded
// machine.
const patience = 30 * time.Second

// soon ends the test if call does not return at once.
func (s subject) soon(name string, call func()) {
	s.t.Helper()
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		call()
	}()
	select {
	case <-returned:
	case <-time.After(patience):
		s.t.Fatalf("%s did not return within %v", name, patience)
	}
}

func texts(values [][]byte) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// clip shortens a large value for a message.
func clip(value string) string {
	const limit = 64
	if len(value) <= limit {
		return value
	}
	return value[:limit] + "…"
}

func clipAll(values []string) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = clip(v)
	}
	return all
}
