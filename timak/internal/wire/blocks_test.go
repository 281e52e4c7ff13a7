package wire_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// edits draws a timeline that has been written and read many times, so that its
// blocks have all sizes, with the state that it should hold.
func edits(t *rapid.T) (value []byte, want state.State) {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	compress := rapid.Bool().Draw(t, "compress")
	value = encode(t, key, want, compress)
	for version := range int64(rapid.IntRange(1, 60).Draw(t, "writes")) {
		got, err := wire.Decode(key, value)
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		for n := range 1 + random.IntN(20) {
			edit(random, version+1, n, &got, &want)
		}
		value = encode(t, key, got, compress)
	}
	return value, want
}

// edit makes the same change in both states.
func edit(random *rand.Rand, version int64, n int, states ...*state.State) {
	id, source := fmt.Sprint("posts:", random.IntN(300)), ""
	if random.IntN(50) == 0 {
		source = "mention"
	}
	date, size, kind := random.Int64N(100), random.IntN(400), random.IntN(20)
	for _, s := range states {
		switch kind {
		case 0:
			s.RemoveEntry(id, source, version)
		case 1:
			s.Trim(state.NewestFirst, 150)
		default:
			data := bytes.Repeat(fmt.Appendf(nil, "%d/%d ", version, n), size/8)
			s.Put(state.Entry{ID: id, Source: source, Version: version, Live: true, Date: date, Data: state.Plain(data)})
		}
	}
}

// However often a timeline was written in parts, it holds what it should, and a
// view shows the same.
func TestEditsAndViews(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value, want := edits(t)
		got, err := wire.Decode(key, value)
		if err != nil || diff(got, want) != "" {
			t.Fatalf("Decode: %v (-want +got)\n%s", err, diff(got, want))
		}
		mustSettle(t, encode(t, key, got, true))
		mustShow(t, value, want)
	})
}

// mustSettle writes a timeline that is not changed, until it is written as it was. Each
// time one more block is compressed that was not.
func mustSettle(t *rapid.T, value []byte) {
	for range 1 + len(value)/100 {
		again := encode(t, key, mustRead(t, value), true)
		if bytes.Equal(again, value) {
			return
		}
		if len(again) >= len(value) {
			break
		}
		value = again
	}
	t.Fatal("a timeline that is not changed is written in another way each time")
}

func mustRead(t *rapid.T, value []byte) state.State {
	s, err := wire.Decode(key, value)
	if err != nil {
		t.Fatalf("Decode: %v", err)
	}
	return s
}

func mustShow(t *rapid.T, value []byte, want state.State) {
	view, ok := wire.Open(key, value)
	if want.Shared() {
		if ok {
			t.Fatal("a view of items with several entries")
		}
		return
	}
	entries := want.Visible(state.NewestFirst)
	if !ok || view.Len() != len(entries) {
		t.Fatalf("Open: %v, want %d items", ok, len(entries))
	}
	order := rapid.Permutation(slices.Collect(numbersTo(len(entries)))).Draw(t, "order")
	for _, i := range order {
		if d := diff(*view.At(i), entries[i]); d != "" {
			t.Fatalf("At(%d) (-want +got)\n%s", i, d)
		}
	}
	if view.Err() != nil {
		t.Fatal(view.Err())
	}
}

func numbersTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// Removed data does not stay in the value, wherever in its block it was.
func TestRemovedDataIsGone(t *testing.T) {
	t.Parallel()
	for _, i := range []int{0, 1, 31, 32, 63, 98, 99} {
		s := mustReadT(t, encode(t, key, timeline(100), false))
		secret := fmt.Sprintf("Title number %d\"", i)
		s.RemoveEntry(fmt.Sprint("posts:", i), "", 1<<60)
		if bytes.Contains(encode(t, key, s, false), []byte(secret)) {
			t.Errorf("%s is still there", secret)
		}
	}
}

// Nor does it if a sibling removed it, whichever sibling is read first.
func TestRemovedDataIsGone_siblings(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(s *state.State, id string){
		"entry": func(s *state.State, id string) { s.RemoveEntry(id, "", 1<<60) },
		"item":  func(s *state.State, id string) { s.Remove(id, 1<<60) },
	} {
		for _, i := range []int{0, 63, 99} {
			var removed state.State
			remove(&removed, fmt.Sprint("posts:", i))
			values := [][]byte{encode(t, key, timeline(100), false), encode(t, key, removed, false)}
			for first := range values {
				s := mustReadT(t, values[first])
				s.Absorb(mustReadT(t, values[1-first]))
				if len(s.Live()) != 99 {
					t.Fatalf("%s: %d items are left, want 99", name, len(s.Live()))
				}
				secret := fmt.Sprintf("Title number %d\"", i)
				if bytes.Contains(encode(t, key, s, false), []byte(secret)) {
					t.Errorf("%s, read %d first: %s is still there", name, first, secret)
				}
			}
		}
	}
}

func mustReadT(t *testing.T, value []byte) state.State {
	t.Helper()
	s, err := wire.Decode(key, value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Adding an item to a full timeline rebuilds the item's block and copies the others
// byte by byte.
func TestOtherBlocksStay(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	item := func(i int) state.Entry {
		data := make([]byte, 200)
		for at := range data {
			data[at] = "0123456789abcdef"[random.IntN(16)]
		}
		return state.Entry{ID: fmt.Sprint("posts:", i), Version: int64(i + 1), Live: true, Date: int64(i), Data: state.Plain(data)}
	}
	var s state.State
	for i := range 320 {
		s.Put(item(i))
	}
	before := encode(t, key, s, true)
	s = mustReadT(t, before)
	s.Put(item(320))
	s.Trim(state.NewestFirst, 320)
	after := encode(t, key, s, true)
	middle := before[len(before)/4 : len(before)*3/4] // far from the first block and the last
	if !bytes.Contains(after, middle) {
		t.Errorf("the middle %d of %d bytes are not as they were", len(middle), len(before))
	}
}

// Nor if the item was dated anew before it was removed, so that its first data was the
// last of its block.
func TestRemovedDataIsGone_datedAnew(t *testing.T) {
	t.Parallel()
	for i := range 100 {
		s := mustReadT(t, encode(t, key, timeline(100), false))
		secret := fmt.Sprintf("Title number %d\"", i)
		id := fmt.Sprint("posts:", i)
		s.Put(state.Entry{ID: id, Version: 1 << 59, Live: true, Date: 1 << 59, Data: state.Plain([]byte(secret))})
		s = mustReadT(t, encode(t, key, s, false))
		s.RemoveEntry(id, "", 1<<60)
		if bytes.Contains(encode(t, key, s, false), []byte(secret)) {
			t.Errorf("%s is still there", secret)
		}
	}
}

// Nor if a sibling has dated it anew.
func TestRemovedDataIsGone_datedAnewBySibling(t *testing.T) {
	t.Parallel()
	for i := range 100 {
		secret := fmt.Sprintf("Title number %d\"", i)
		id := fmt.Sprint("posts:", i)
		var anew state.State
		anew.Put(state.Entry{ID: id, Version: 1 << 59, Live: true, Date: 1 << 59, Data: state.Plain([]byte("other"))})
		values := [][]byte{encode(t, key, timeline(100), false), encode(t, key, anew, false)}
		for first := range values {
			s := mustReadT(t, values[first])
			s.Absorb(mustReadT(t, values[1-first]))
			if bytes.Contains(encode(t, key, s, false), []byte(secret)) {
				t.Errorf("%s, read %d first: is still there", secret, first)
			}
		}
	}
}
