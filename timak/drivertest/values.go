package drivertest

import (
	"math/rand/v2"

	"github.com/timak-go/timak/timak/driver"
)

func putKeepsNothingOfTheCaller(s subject) {
	value := []byte("one")
	if _, err := s.store.Put(s.t.Context(), s.key, value, nil); err != nil {
		s.t.Fatalf("Put: %v", err)
	}
	copy(value, "XXX")
	s.want("one")
}

// getSharesNothing writes over and past every sibling that Get returned: no
// other sibling may change, and no later Get.
func getSharesNothing(s subject) {
	s.put("one", nil)
	s.put("two", nil)
	obj := s.want("one", "two")
	before := texts(obj.Siblings)
	_ = append(obj.Siblings[0], 'X')
	if got := string(obj.Siblings[1]); got != before[1] {
		s.t.Errorf("appending to one sibling changed another: got %q, want %q", got, before[1])
	}
	scribble(obj)
	s.want("one", "two")
}

func scribble(obj driver.Object) {
	for _, v := range obj.Siblings {
		for i := range v {
			v[i] = 'X'
		}
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

// largeValue puts 1 MiB beside another: timelines are at most about that large.
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
