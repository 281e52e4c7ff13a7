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

// partOfSiblingsIsWhole reads a key whose siblings must be merged: no part would do.
func partOfSiblingsIsWhole(s subject, store driver.PartGetter) {
	values := []string{"one", megabyte(1), "three"}
	for _, value := range values {
		s.put(value, nil)
	}
	obj, whole := s.beginning(store, 2)
	got := texts(obj.Siblings)
	slices.Sort(got)
	slices.Sort(values)
	if !whole || !slices.Equal(got, values) {
		s.t.Errorf("GetPart of siblings: got %q, whole %t; want %q", clipAll(got), whole, clipAll(values))
	}
	s.wantToken(obj.Token)
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
