package drivertest

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/driver"
)

func absentKey(s subject) {
	if obj := s.get(); len(obj.Siblings) != 0 {
		s.t.Errorf("Get of an absent key: got siblings %q, want none", obj.Siblings)
	}
}

func putThenGet(s subject) {
	s.put("one", nil)
	obj := s.want("one")
	s.wantToken(obj.Token)
}

func tokenReplaces(s subject) {
	s.put("one", s.get().Token)
	s.put("two", s.want("one").Token)
	s.put("three", s.want("two").Token)
	s.want("three")
}

func staleTokenLeavesSibling(s subject) {
	s.put("one", nil)
	stale := s.get().Token
	s.put("two", stale)
	s.put("three", stale)
	s.wantToken(s.want("two", "three").Token)
}

func nilTokenAddsSibling(s subject) {
	s.put("one", nil)
	s.put("two", nil)
	s.put("three", nil)
	s.wantToken(s.want("one", "two", "three").Token)
}

func tokenReplacesExactlyWhatItSaw(s subject) {
	s.put("one", nil)
	s.put("two", nil)
	saw := s.want("one", "two").Token
	s.put("three", nil)
	s.put("merged", saw)
	s.wantToken(s.want("three", "merged").Token)
}

// A writer whose token saw the first put must not remove the second, even though
// its bytes are the same.
func identicalValueIsNotLost(s subject) {
	s.put("same", nil)
	first := s.get().Token
	s.put("same", nil)
	s.put("merged", first)
	s.want("same", "merged")
}

// historiesAgreeWithModel replays random histories of one key against a model that
// knows exactly which puts each token saw.
func historiesAgreeWithModel(s subject) {
	rapid.Check(s.t, func(t *rapid.T) {
		h := &history{s: s.at(newKey())}
		h.look(t)
		t.Repeat(map[string]func(*rapid.T){"put": h.put, "look": h.look, "": h.check})
	})
}

// history is one run: what is under the key, and the tokens read so far.
type history struct {
	s      subject
	puts   int
	live   []string
	tokens []driver.Token
	saw    [][]string // by index of tokens
}

// put stores a new value with a token from any earlier time.
func (h *history) put(t *rapid.T) {
	i := rapid.IntRange(0, len(h.tokens)-1).Draw(t, "token")
	h.puts++
	value := fmt.Sprint("put ", h.puts)
	token := h.s.put(value, h.tokens[i])
	h.live = append(slices.DeleteFunc(h.live, func(v string) bool { return slices.Contains(h.saw[i], v) }), value)
	if token != nil {
		h.keep(token, []string{value})
	}
}

// look reads the key and remembers the token.
func (h *history) look(*rapid.T) {
	h.keep(h.s.get().Token, slices.Clone(h.live))
}

func (h *history) keep(token driver.Token, saw []string) {
	h.tokens = append(h.tokens, token)
	h.saw = append(h.saw, saw)
}

// check compares the store with the model.
func (h *history) check(t *rapid.T) {
	got, want := texts(h.s.get().Siblings), slices.Clone(h.live)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(want, got) {
		t.Fatalf("siblings: got %q, want %q", got, want)
	}
}
