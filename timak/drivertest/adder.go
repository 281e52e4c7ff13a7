package drivertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/driver"
)

// added returns a test that holds for a driver.Adder, and that asks nothing of other
// stores.
func added(run func(s subject, store driver.Adder)) func(s subject) {
	return func(s subject) {
		if store, ok := s.store.(driver.Adder); ok && store.AddFrom() < math.MaxInt {
			run(s, store)
		}
	}
}

// add adds a value, and ends the test when that fails.
func (s subject) add(store driver.Adder, value string, token driver.Token) driver.Token {
	s.t.Helper()
	got, err := store.Add(s.t.Context(), s.key, []byte(value), token)
	if err != nil {
		s.t.Fatalf("Add(%q, %s, token %x): %v", s.key, clip(value), token, err)
	}
	return got
}

func addReplacesNothing(s subject, store driver.Adder) {
	s.add(store, "one", nil)
	s.add(store, megabyte(2), s.want("one").Token)
	s.put(megabyte(3), nil)
	s.add(store, "", s.want("one", megabyte(2), megabyte(3)).Token)
	s.add(store, "one", nil)
	s.wantToken(s.want("one", megabyte(2), megabyte(3), "", "one").Token)
}

// addTokenCoversAll adds to none, to one and to several values, and to what was added.
func addTokenCoversAll(s subject, store driver.Adder) {
	for _, puts := range [][]string{nil, {"one"}, {megabyte(2)}, {"one", megabyte(2)}} {
		for _, additions := range []int{1, 2, 20} {
			at := s.at(newKey())
			for _, value := range puts {
				at.put(value, nil)
			}
			at.addEach(store, slices.Clone(puts), additions)
		}
	}
}

// addEach adds values to others, and replaces them all with the last token.
func (s subject) addEach(store driver.Adder, values []string, additions int) {
	s.t.Helper()
	token := s.get().Token
	for n := range additions {
		values = append(values, fmt.Sprint("added ", n))
		if token = s.add(store, values[len(values)-1], token); token == nil {
			token = s.get().Token // the store cannot prove it, which is allowed
		}
	}
	s.want(values...)
	s.wantToken(token)
}

func addTokenIsNilBesideOthers(s subject, store driver.Adder) {
	s.put("one", nil)
	saw := s.get().Token
	s.add(store, "of another writer", nil)
	for _, token := range []driver.Token{nil, saw} {
		if got := s.add(store, "two", token); got != nil {
			s.t.Errorf("Add beside a sibling that token %x does not cover: got token %x, want nil", token, got)
		}
	}
	s.want("one", "of another writer", "two", "two")
}

// What a token covers may be gone: then nobody may take it for being there.
func addTokenIsNilWithoutWhatItCovers(s subject, store driver.Adder) {
	s.put("one", nil)
	s.add(store, "two", nil)
	saw := s.want("one", "two").Token
	s.put("merged", saw)
	if got := s.add(store, "three", saw); got != nil {
		s.t.Errorf("Add with a token that covers what is gone: got token %x, want nil", got)
	}
	s.want("merged", "three")
}

// The token of an earlier put does not cover what was added since.
func addedStaysWithoutItsToken(s subject, store driver.Adder) {
	s.put("one", nil)
	saw := s.get().Token
	s.add(store, "two", saw)
	s.put("merged", saw)
	s.wantToken(s.want("two", "merged").Token)
}

func addForeignToken(s subject, store driver.Adder) {
	s.put("one", nil)
	for _, bad := range []driver.Token{driver.Token("garbage"), {0}, make(driver.Token, 64)} {
		_, err := store.Add(s.t.Context(), s.key, []byte("two"), bad)
		s.wantErr("Add with a foreign token", err, driver.ErrToken)
	}
	s.want("one")
}

func addRefusesEndedContext(s subject, store driver.Adder) {
	cancelled, cancel := context.WithCancel(s.t.Context())
	cancel()
	s.soon("Add", func() {
		_, err := store.Add(cancelled, s.key, []byte("beside"), nil)
		s.wantErr("Add", err, context.Canceled)
	})
}

func closedStoreRefusesAdd(s subject, store driver.Adder) {
	if err := s.store.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	if _, err := store.Add(s.t.Context(), s.key, nil, nil); !errors.Is(err, driver.ErrClosed) {
		s.t.Errorf("Add to a closed store: got error %v, want %v", err, driver.ErrClosed)
	}
}

// additionsAgreeWithModel is historiesAgreeWithModel with additions.
func additionsAgreeWithModel(s subject, store driver.Adder) {
	rapid.Check(s.t, func(t *rapid.T) {
		h := &history{s: s.at(newKey())}
		h.look(t)
		t.Repeat(map[string]func(*rapid.T){
			"put": h.put, "look": h.look, "": h.check,
			"add": func(t *rapid.T) { h.add(t, store) },
		})
	})
}

// add adds a new value with a token from any earlier time.
func (h *history) add(t *rapid.T, store driver.Adder) {
	i := rapid.IntRange(0, len(h.tokens)-1).Draw(t, "token")
	h.puts++
	value := fmt.Sprint("put ", h.puts)
	before := h.live
	token := h.s.add(store, value, h.tokens[i])
	h.live = append(slices.Clone(before), value)
	if token == nil {
		return
	}
	saw := slices.Clone(h.saw[i])
	slices.Sort(saw)
	if before = slices.Sorted(slices.Values(before)); !slices.Equal(saw, before) {
		t.Fatalf("Add with a token that covers %q beside %q: got token %x, want nil", saw, before, token)
	}
	h.keep(token, append(saw, value))
}

// writersThatAdd has many writers add elements as values of their own. Each goes on with the
// tokens that it gets, and replaces what they cover now and then. No element may be lost.
func writersThatAdd(s subject, store driver.Adder) {
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			w := &adder{writer: writer{store: s.store, key: s.key}, adder: store}
			for n := range adds + i {
				if err := w.addOne(s.t.Context(), n, element(i, n)); err != nil {
					s.t.Errorf("writer %d: %v", i, err)
					return
				}
			}
		})
	}
	group.Wait()
	s.wantElements(allElements(), allElements())
}

// An adder is a writer that adds most elements as values of their own.
type adder struct {
	writer

	adder driver.Adder
}

func (w *adder) addOne(ctx context.Context, n int, element string) (err error) {
	if w.token == nil {
		var obj driver.Object
		if w.value, obj, err = readSet(ctx, w.store, w.key); err != nil {
			return err
		}
		w.token = obj.Token
	}
	w.value = maps.Clone(w.value)
	w.value[element] = true
	if n%4 == 3 {
		w.token, err = w.store.Put(ctx, w.key, w.value.encode(), w.token)
		return err
	}
	w.token, err = w.adder.Add(ctx, w.key, set{element: true}.encode(), w.token)
	return err
}
