package model

import (
	"sync"
	"testing"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// TestPlacesIn_panic: a rule that panics makes the row unplaceable, for the
// reason that the relay gives. Other rules still place it.
func TestPlacesIn_panic(t *testing.T) {
	t.Parallel()
	type Leaf struct {
		ID    uint
		Tree  string
		Score int64

		_ Timeline `timak:"key=tree:{Tree}; date=Score"`
		_ Timeline `timak:"key=leaves; date=Score; data=Tree"`
	}
	m, err := Compile(Declared{Value: &Leaf{}}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	m.Rules[1].Data[0] = nil // no compiled rule has this
	text := `{"id":1,"tree":"oak","score":2}`
	const want = "a rule panics: runtime error: invalid memory address or nil pointer dereference"
	if places, err := m.PlacesIn(&text, "leaves"); err == nil || err.Error() != want || len(places) > 0 {
		t.Errorf("leaves: got %v, %v; want no place, as %s", places, err, want)
	}
	if places, err := m.PlacesIn(&text, "tree:oak"); err != nil || len(places) != 1 {
		t.Errorf("tree:oak: got %v, %v; want one place", places, err)
	}
}

// TestHolds: a text may stand in a key if the column may hold it, in its
// canonical form.
func TestHolds(t *testing.T) {
	t.Parallel()
	type Widths struct {
		ID  uint
		I8  int8
		I64 int64
		U8  *uint8
		U64 uint64
		B   bool
		S   string
	}
	s, err := schema.Parse(&Widths{}, &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	for field, texts := range map[string]struct{ good, bad []string }{
		"I8":  {[]string{"-128", "0", "127"}, []string{"-129", "128", "", "01", "+1", "-0", " 1", "1.0", "1e1", "0x1", "1_0", "x"}},
		"I64": {[]string{"-9223372036854775808", "9223372036854775807"}, []string{"-9223372036854775809", "9223372036854775808"}},
		"U8":  {[]string{"0", "255"}, []string{"-1", "256", "00"}},
		"U64": {[]string{"18446744073709551615"}, []string{"18446744073709551616", "-1"}},
		"B":   {[]string{"true", "false"}, []string{"", "1", "0", "t", "True"}},
		"S":   {[]string{"", "x", "é", "\x00"}, []string{"\xff"}},
	} {
		for _, text := range texts.good {
			if !Holds(s.LookUpField(field), text) {
				t.Errorf("%s holds %q: got false", field, text)
			}
		}
		for _, text := range texts.bad {
			if Holds(s.LookUpField(field), text) {
				t.Errorf("%s holds %q: got true", field, text)
			}
		}
	}
}

// TestIntegerIn: how a key writes what databases store in an integer column.
func TestIntegerIn(t *testing.T) {
	t.Parallel()
	m, err := Compile(Declared{Value: &struct8{}, Rules: []tag.Rule{{Key: "{N}", Date: "N"}}}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		"5": "5", `"5"`: "5", "5.0": "5", "-5.00": "-5", "1e2": "100", "0.0": "0", "-0.0": "0", "-128": "-128",
	} {
		if got, _, err := (Image{"n": []byte(raw)}).text(m.Schema.LookUpField("N")); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{"5.5", `"5.0"`, "128", "-129", "1e3", "1e400", `""`, `"NaN"`, "true", "[5]", `{"a":5}`} {
		if got, _, err := (Image{"n": []byte(raw)}).text(m.Schema.LookUpField("N")); err == nil {
			t.Errorf("%s: got %q, want an error", raw, got)
		}
	}
}

type struct8 struct {
	ID uint
	N  int8
}
