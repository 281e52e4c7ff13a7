package wire_test

import (
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// Only the beginning of a value is needed for its name; any other value has another.
func TestNameOf(t *testing.T) {
	t.Parallel()
	value := encode(t, key, timeline(200), true)
	name, ok := wire.NameOf(value)
	if !ok {
		t.Fatal("a value has no name")
	}
	view, _ := wire.OpenFront(key, value, 0)
	for n := range value {
		part, ok := wire.NameOf(value[:n])
		if atHand := n >= view.BodyAt(); ok != atHand || ok && part != name {
			t.Fatalf("%d of %d bytes: got %x, %v; want %x, %v", n, len(value), part, ok, name, atHand)
		}
	}
	names := map[wire.Name]int{name: 200}
	for n := range 200 {
		other, ok := wire.NameOf(encode(t, key, timeline(n), true))
		if same, known := names[other]; !ok || known {
			t.Fatalf("timelines of %d and %d items: both have the name %x", n, same, other)
		}
		names[other] = n
	}
	changed := timeline(200)
	changed.Entries[150].Data = state.Plain([]byte("another"))
	if other, ok := wire.NameOf(encode(t, key, changed, true)); !ok || other == name {
		t.Error("other data: the same name")
	}
}

// What is no base: values of older layouts, and additions.
func TestNameOf_none(t *testing.T) {
	t.Parallel()
	said := addedState()
	for about, value := range map[string][]byte{
		"nothing": nil, "the ancestor": []byte(`[{"id":1}]`), "an addition": encodeAddition(t, key, &said, wire.Name{}),
		layout1: golden(t, layout1, "items.bin", nil), layout2: golden(t, layout2, "items.bin", nil),
	} {
		if name, ok := wire.NameOf(value); ok {
			t.Errorf("%s: got %x", about, name)
		}
	}
}

// An addition is one to its base alone, for its key alone, and undamaged.
func TestDecodeAddition(t *testing.T) {
	t.Parallel()
	said, base := addedState(), wire.Name{1, 2, 3}
	value := encodeAddition(t, key, &said, base)
	if got, ok := wire.DecodeAddition(key, value, base); !ok || diff(got, said) != "" || !wire.IsAddition(value) {
		t.Fatalf("got %+v, %v", got, ok)
	}
	plain := encode(t, key, said, false)
	for about, ok := range map[string]bool{
		"another base": decodes(key, value, wire.Name{1, 2, 4}),
		"another key":  decodes("another", value, base),
		"cut off":      decodes(key, value[:len(value)-1], base),
		"no addition":  decodes(key, plain, base) || wire.IsAddition(plain),
		"nothing":      decodes(key, nil, base),
	} {
		if ok {
			t.Errorf("%s: it is an addition", about)
		}
	}
	for i := range value {
		value[i] ^= 4
		if got, ok := wire.DecodeAddition(key, value, base); ok {
			t.Errorf("byte %d is damaged: got %+v", i, got)
		}
		value[i] ^= 4
	}
}

func decodes(key string, value []byte, base wire.Name) bool {
	_, ok := wire.DecodeAddition(key, value, base)
	return ok
}

// What says more than an addition may is none: its reader would take it for all that
// there is of its items.
func TestDecodeAddition_saysMore(t *testing.T) {
	t.Parallel()
	floored := addedState()
	floored.RaiseFloor(state.NewestFirst, state.Position{Date: 1, ID: "x"}, 1)
	healed := addedState()
	healed.Heal(state.NewestFirst, state.Position{Date: 1, ID: "x"}, nil, 1)
	for about, s := range map[string]state.State{
		"a horizon": {Horizon: 5}, "a removed source": {Sources: []state.Cover{{Name: "author:7", Version: 1}}},
		"a floor": floored, "a heal": healed,
	} {
		value := encodeAddition(t, goldenKey, &s, wire.Name{})
		mustDecode(t, value, s)
		if got, ok := wire.DecodeAddition(goldenKey, value, wire.Name{}); ok {
			t.Errorf("%s: got %+v", about, got)
		}
	}
}

// Find finds items wherever they are, whatever their ids look like.
func TestFind(t *testing.T) {
	t.Parallel()
	s := timeline(200)
	for i, id := range []string{"a text", "posts:007", "likes:3:of"} {
		s.Put(state.Entry{ID: id, Version: 5, Live: true, Date: s.Entries[60*i].Date})
	}
	live := s.Live()
	for _, want := range [][]int{nil, {0}, {202}, {3, 60, 61, 122}, {0, 1, 2, 200, 201, 202}} {
		ids := map[string]bool{"posts:99999": true, "nobody": true}
		for _, i := range want {
			ids[live[i].ID] = true
		}
		view, ok := wire.Open(key, encode(t, key, s, true))
		if !ok {
			t.Fatal("it cannot be viewed")
		}
		if d := diff(view.Find(ids), want); d != "" {
			t.Errorf("%v (-want +got)\n%s", ids, d)
		}
	}
}
