package drivertest

import "github.com/timak-go/timak/timak/driver"

func putTokenCoversItsValue(s subject) {
	token := s.put("one", nil)
	if token == nil {
		return // the store cannot prove that the value is alone, which is allowed
	}
	s.put("two", token)
	s.want("two")
}

func putTokenIsNilBesideSiblings(s subject) {
	s.put("one", nil)
	if token := s.put("two", nil); token != nil {
		s.t.Errorf("Put beside a sibling: got token %x, want nil", token)
	}
	s.want("one", "two")
}

// A put's token does not cover what others put afterwards.
func putTokenLeavesLaterSiblings(s subject) {
	token := s.put("one", nil)
	s.put("of another writer", nil)
	if token == nil {
		return // nothing to reuse
	}
	s.put("two", token)
	s.want("of another writer", "two")
}

// foreignToken expects ErrToken for bytes that no store makes, and no effect.
func foreignToken(s subject) {
	s.put("one", nil)
	for _, bad := range []driver.Token{
		driver.Token("garbage"),
		{0},
		make(driver.Token, 64),
	} {
		_, err := s.store.Put(s.t.Context(), s.key, []byte("two"), bad)
		s.wantErr("Put with a foreign token", err, driver.ErrToken)
	}
	s.want("one")
}
