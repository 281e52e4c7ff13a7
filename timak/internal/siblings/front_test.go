package siblings_test

import (
	"bytes"
	"testing"

	"github.com/timak-go/timak/timak/internal/siblings"
)

func TestFront(t *testing.T) {
	t.Parallel()
	value := bytes.Repeat([]byte("value "), 100)
	one, token, err := siblings.New("k").Put(value, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 300 { // longer sequence numbers
		if one, token, err = one.Put(value, token); err != nil {
			t.Fatal(err)
		}
	}
	two, _, err := one.Put([]byte("beside it"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		record []byte
		length int
		ok     bool
	}{
		{"one byte", one.Encode(), 1, true},
		{"all but one", one.Encode(), len(value) - 1, true},
		{"all", one.Encode(), len(value), false},
		{"more", one.Encode(), len(value) + 1, false},
		{"two siblings", two.Encode(), 1, false},
		{"cut off", one.Encode()[:100], 1, false},
		{"another format", append([]byte{99}, one.Encode()[1:]...), 1, false},
		{"no length", one.Encode()[:6], 1, false},
		{"nothing", nil, 1, false},
	} {
		front, ok := siblings.Front(tt.record, tt.length)
		if ok != tt.ok || ok && !bytes.Equal(front, value[:tt.length]) {
			t.Errorf("%s: got %d bytes, %t, want %t", tt.name, len(front), ok, tt.ok)
		}
	}
}
