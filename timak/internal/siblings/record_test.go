package siblings_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/siblings"
)

// put is Record.Put for puts that must succeed.
func put(t *testing.T, r siblings.Record, value string, token driver.Token) (siblings.Record, driver.Token) {
	t.Helper()
	after, got, err := r.Put([]byte(value), token)
	if err != nil {
		t.Fatalf("Put(%q, %x): %v", value, token, err)
	}
	return after, got
}

// wantSiblings compares the siblings of r, in the order of their puts.
func wantSiblings(t *testing.T, r siblings.Record, want ...string) {
	t.Helper()
	var got []string
	for _, s := range r.Object().Siblings {
		got = append(got, string(s))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("siblings (-want +got):\n%s", diff)
	}
}

func TestAbsentRecordIsTheZeroObject(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(driver.Object{}, siblings.New("k").Object()); diff != "" {
		t.Errorf("Object (-want +got):\n%s", diff)
	}
}

func TestPutDropsWhatItsTokenSaw(t *testing.T) {
	t.Parallel()
	one, sawOne := put(t, siblings.New("k"), "1", nil)
	two, sawTwo := put(t, one, "2", nil)
	if sawTwo != nil {
		t.Errorf("token beside a sibling: got %x, want nil", sawTwo)
	}
	wantSiblings(t, two, "1", "2")

	three, _ := put(t, two, "3", sawOne)
	wantSiblings(t, three, "2", "3")

	four, sawFour := put(t, three, "4", three.Object().Token)
	wantSiblings(t, four, "4")
	if diff := cmp.Diff(four.Object().Token, sawFour); diff != "" {
		t.Errorf("token of the only sibling (-get +put):\n%s", diff)
	}

	five, _ := put(t, four, "5", sawOne)
	wantSiblings(t, five, "4", "5")
}

func TestPutLeavesItsRecordAlone(t *testing.T) {
	t.Parallel()
	r, _ := put(t, siblings.New("k"), "1", nil)
	r, _ = put(t, r, "2", nil)
	r, _ = put(t, r, "3", nil)
	decoded, err := siblings.Decode("k", r.Encode())
	if err != nil {
		t.Fatalf("Decode: %v", err)
	}
	for _, before := range []siblings.Record{r, decoded} {
		left, _ := put(t, before, "left", nil)
		right, _ := put(t, before, "right", nil)
		wantSiblings(t, before, "1", "2", "3")
		wantSiblings(t, left, "1", "2", "3", "left")
		wantSiblings(t, right, "1", "2", "3", "right")
	}
}

func TestObjectMayBeAppendedTo(t *testing.T) {
	t.Parallel()
	r, _, err := siblings.New("k").Put([]byte("abcdef")[:3], nil)
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	value := r.Object().Siblings[0]
	_ = append(value, 'X')
	if got := string(value[:cap(value)]); got != "abc" {
		t.Errorf("the value has %q behind it", got)
	}
}

func TestPutRejectsForeignTokens(t *testing.T) {
	t.Parallel()
	r, token := put(t, siblings.New("k"), "1", nil)
	_, future := put(t, r, "2", token)
	_, other := put(t, siblings.New("other"), "1", nil)

	tests := []struct {
		name   string
		record siblings.Record
		token  driver.Token
	}{
		{"text", r, driver.Token("garbage")},
		{"cut short", r, token[:len(token)-1]},
		{"too long", r, append(slices.Clip(token), 0)},
		{"zeroes", r, make(driver.Token, len(token))},
		{"another kind's mark", r, flip(token, 0)},
		{"damaged sequence", r, flip(token, 8)},
		{"damaged checksum", r, flip(token, 12)},
		{"beyond the counter", r, future},
		{"of another key", r, other},
		{"on an absent key", siblings.New("k"), token},
	}
	for _, tt := range tests {
		if _, _, err := tt.record.Put([]byte("x"), tt.token); !errors.Is(err, driver.ErrToken) {
			t.Errorf("%s: Put with token %x: got %v, want ErrToken", tt.name, tt.token, err)
		}
	}
}

func TestEmptyTokenSawNothing(t *testing.T) {
	t.Parallel()
	r, _ := put(t, siblings.New("k"), "1", nil)
	r, _ = put(t, r, "2", driver.Token{})
	wantSiblings(t, r, "1", "2")
}

// flip returns a copy of token with one bit of byte i changed.
func flip(token driver.Token, i int) driver.Token {
	flipped := append(driver.Token(nil), token...)
	flipped[i] ^= 1
	return flipped
}
