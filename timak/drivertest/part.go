package drivertest

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/timak-go/timak/timak/driver"
)

// parted returns a test that holds for a store which can read the beginning of a value,
// and that asks nothing of others.
func parted(run func(s subject, store driver.PartGetter)) func(s subject) {
	return func(s subject) {
		if store, ok := s.store.(driver.PartGetter); ok {
			run(s, store)
		}
	}
}

// beginning returns what GetPart does, and ends the test when that fails.
func (s subject) beginning(store driver.PartGetter, length int) (driver.Object, bool) {
	s.t.Helper()
	obj, whole, err := store.GetPart(s.t.Context(), s.key, length)
	if err != nil {
		s.t.Fatalf("GetPart(%q, %d): %v", s.key, length, err)
	}
	return obj, whole
}

// partIsTheBeginning reads parts of values of all lengths.
func partIsTheBeginning(s subject, store driver.PartGetter) {
	if obj, whole := s.beginning(store, 1); !whole || len(obj.Siblings) > 0 {
		s.t.Errorf("GetPart of an absent key: got %d siblings, whole %t", len(obj.Siblings), whole)
	}
	var token driver.Token
	for _, value := range []string{"", "v", "value", megabyte(1), strings.Repeat("v", 1<<20)} {
		token = s.put(value, token)
		for _, length := range []int{1, 2, 4, 5, 6, 2000, 5000, 1<<20 - 1, 1 << 20, 1<<20 + 1, math.MaxInt} {
			obj, whole := s.beginning(store, length)
			s.wantPart(obj, whole, value, length)
			if whole {
				token = s.put(value, obj.Token) // the token is good
			}
		}
	}
}

func (s subject) wantPart(obj driver.Object, whole bool, value string, length int) {
	s.t.Helper()
	want := value
	if !whole {
		want = value[:min(length, len(value))]
	}
	if !slices.Equal(texts(obj.Siblings), []string{want}) {
		s.t.Fatalf("GetPart(%d) of %s: got %q, whole %t", length, clip(value), clipAll(texts(obj.Siblings)), whole)
	}
	if !whole && (len(obj.Token) > 0 || len(value) <= length) {
		s.t.Errorf("GetPart(%d) of %s: a part, with token %x; want all, or no token", length, clip(value), obj.Token)
	}
}

// partsOfSiblings reads a key with several siblings, of which some are longer than a part,
// with any of them put last.
func partsOfSiblings(s subject, store driver.PartGetter) {
	values := []string{"1", "two", megabyte(3), megabyte(4)}
	for range values {
		values = append(values[1:], values[0])
		s.put(values[0], s.get().Token)
		for _, value := range values[1:] {
			s.put(value, nil)
		}
		for _, length := range []int{1, 2, 3, 5000, 1<<20 + 1, math.MaxInt} {
			s.wantParts(store, length, values)
		}
	}
	obj, _ := s.beginning(store, math.MaxInt)
	s.wantToken(obj.Token)
}

// wantParts expects each of some values, or the beginning of one that is longer.
func (s subject) wantParts(store driver.PartGetter, length int, values []string) {
	s.t.Helper()
	obj, whole := s.beginning(store, length)
	left := slices.Clone(values)
	for _, got := range texts(obj.Siblings) {
		i := slices.Index(left, got)
		if i < 0 && len(got) == length && !whole {
			i = slices.IndexFunc(left, func(value string) bool { return strings.HasPrefix(value, got) })
		}
		if i < 0 {
			s.t.Fatalf("GetPart(%d) of %q: got %s, whole %t", length, clipAll(values), clip(got), whole)
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) > 0 || !whole && len(obj.Token) > 0 {
		s.t.Errorf("GetPart(%d): %q are missing; token %x, whole %t", length, clipAll(left), obj.Token, whole)
	}
}

func partRefusesEndedContext(s subject, store driver.PartGetter) {
	s.put("value", nil)
	cancelled, cancel := context.WithCancel(s.t.Context())
	cancel()
	_, _, err := store.GetPart(cancelled, s.key, 1)
	s.wantErr("GetPart", err, context.Canceled)
}

func closedStoreRefusesPart(s subject, store driver.PartGetter) {
	if err := s.store.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	if _, _, err := store.GetPart(s.t.Context(), s.key, 1); !errors.Is(err, driver.ErrClosed) {
		s.t.Errorf("GetPart of a closed store: got error %v, want %v", err, driver.ErrClosed)
	}
}
