package drivertest

import (
	"math/rand/v2"
	"slices"

	"github.com/timak-go/timak/timak/driver"
)

// valuesStay appends to a value that was put and to those that Get returned, as a
// caller may: no other value may change. Nor may the values that Get returned
// change through later puts.
func valuesStay(s subject) {
	room := []byte("one, and more")
	if _, err := s.store.Put(s.t.Context(), s.key, room[:3], nil); err != nil {
		s.t.Fatalf("Put: %v", err)
	}
	s.put("two", nil)
	obj := s.want("one", "two")
	before := texts(obj.Siblings)
	for _, value := range [][]byte{room[:3], obj.Siblings[0], obj.Siblings[1]} {
		_ = append(value, 'X')
	}
	s.wantTexts(obj, before)
	s.want("one", "two")
	s.put("six", obj.Token)
	s.put("ten", nil)
	s.want("six", "ten")
	s.wantTexts(obj, before)
}

// wantTexts checks that what Get returned is unchanged.
func (s subject) wantTexts(obj driver.Object, want []string) {
	s.t.Helper()
	if got := texts(obj.Siblings); !slices.Equal(got, want) {
		s.t.Errorf("values that Get returned have changed: got %q, want %q", got, want)
	}
}

func emptyValue(s subject) {
	s.put("", nil)
	s.wantToken(s.want("").Token)
	s.put("", nil)
	s.want("", "covers all")
}

func anyByte(s subject) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	s.put(string(all), nil)
	s.want(string(all))
}

// largeValue puts 1 MiB beside another; timelines are rarely larger.
func largeValue(s subject) {
	one, two := megabyte(1), megabyte(2)
	s.put(one, nil)
	s.put(two, nil)
	s.wantToken(s.want(one, two).Token)
}

func megabyte(seed byte) string {
	b := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // never fails
	return string(b)
}
