package wire_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// The beginning of a value shows its latest items, as far as it reaches, and says how
// much would do if it does not reach.
func TestOpenFront(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value, want := edits(t)
		if want.Shared() {
			if v, need := wire.OpenFront(key, value, 1); v != nil || need != 0 {
				t.Fatal("a view of items with several entries")
			}
			return
		}
		entries := want.Visible(state.NewestFirst)
		items := rapid.IntRange(0, len(entries)+1).Draw(t, "items")
		at := rapid.IntRange(0, len(value)).Draw(t, "bytes at hand")
		v, need := wire.OpenFront(key, value[:at], items)
		for v == nil {
			if need == 0 { // not even where the head ends
				need = at + 1
			}
			if need <= at || need > len(value) {
				t.Fatalf("%d bytes do not do and %d shall, of %d", at, need, len(value))
			}
			at = need
			v, need = wire.OpenFront(key, value[:at], items)
		}
		if need > at || v.Len() != len(entries) {
			t.Fatalf("%d of %d bytes do; got %d items, want %d", need, at, v.Len(), len(entries))
		}
		for i := range min(items, len(entries)) {
			if d := diff(*v.At(i), entries[i]); d != "" {
				t.Fatalf("At(%d) (-want +got)\n%s", i, d)
			}
		}
		if v.Err() != nil {
			t.Fatal(v.Err())
		}
	})
}

// An item that is not at hand reads as damaged.
func TestOpenFront_behind(t *testing.T) {
	t.Parallel()
	value := encode(t, key, timeline(200), true)
	v, need := wire.OpenFront(key, value[:len(value)/2], 20)
	if v == nil || need > len(value)/2 {
		t.Fatalf("half of the value does not do for 20 items of 200, need %d of %d bytes", need, len(value))
	}
	if v.At(199); v.Err() == nil {
		t.Error("the last item was read from the first half")
	}
}

// Whatever byte of the beginning is damaged, no item of it is shown. Damage behind it
// is found by those who read there.
func TestOpenFront_damage(t *testing.T) {
	t.Parallel()
	value := encode(t, key, timeline(200), true)
	_, front := wire.OpenFront(key, value, 20)
	for i := range value {
		damaged := bytes.Clone(value)
		damaged[i] ^= 1 << (i % 8)
		wantCorrupt(t, damaged, "byte %d", i)
		v, _ := wire.OpenFront(key, damaged, 20)
		for n := 0; v != nil && n < 20; n++ {
			v.At(n)
		}
		if shown := v != nil && v.Err() == nil; shown != (i >= front) {
			t.Fatalf("byte %d of %d, of which %d are the front: shown %t", i, len(value), front, shown)
		}
	}
}

// However many items are added at a time, and of whatever size: the first page is in a
// small part of the value, what is behind it is compressed, and there are few blocks.
func TestFrontOfAFullTimeline(t *testing.T) {
	t.Parallel()
	sized := func(times func(n int) int) func(n int) timak.Item {
		return func(n int) timak.Item {
			item := bench.Post(n)
			item.Data = bytes.Repeat(item.Data, times(n))
			return item
		}
	}
	for _, tt := range []struct {
		name         string
		item         func(n int) timak.Item
		atOnce, most int // items of a write, blocks
	}{
		{"posts", bench.Post, 1, 40},
		{"posts, some at once", bench.Post, 30, 40},
		{"bookmarks", bench.Bookmark, 1, 40},
		{"2 KB, some at once", sized(func(int) int { return 10 }), 16, 120},
		{"13 KB, two at once", sized(func(int) int { return 65 }), 2, 600},
		{"of several sizes", sized(func(n int) int {
			if n%17 == 0 {
				return 80
			}
			return 9
		}), 1, 180},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			value, next := encode(t, key, state.State{}, true), 0
			for next < 400 || tt.atOnce == 1 && next < 1100 && tt.most < 100 {
				items := 1 + random.IntN(tt.atOnce)
				value = posted(t, value, tt.item, next, items)
				next += items
				if plain, blocks := wire.Blocks(key, value); plain > 0 || blocks > tt.most {
					t.Fatalf("%d of %d items: %d entries behind the front are not compressed; %d blocks", items, next, plain, blocks)
				}
			}
			if _, need := wire.OpenFront(key, value, 20); need > 64<<10 || len(tt.item(1).Data) <= 200 && need > 8<<10 {
				t.Errorf("20 of %d items are in %d of %d bytes", next, need, len(value))
			}
		})
	}
}

// posted returns a value of up to 1,000 posts with some more.
func posted(t *testing.T, value []byte, item func(n int) timak.Item, next, items int) []byte {
	t.Helper()
	bounds := wire.Bounds{Limit: 1000}
	entries, changes := make([]state.Entry, items), make([]wire.Change, items)
	for n := range items {
		put := item(next + n)
		entries[n] = state.Entry{ID: put.ID, Version: bench.Version(next + n), Live: true, Date: put.At.UnixMicro(), Data: state.Plain(put.Data)}
		changes[n] = wire.Change{ID: put.ID, Put: true, Date: entries[n].Date}
	}
	x, cut := wire.Cut(key, value, changes, bounds)
	if !cut {
		x = wire.Whole(mustReadT(t, value))
	}
	for _, e := range entries {
		x.State.Put(e)
	}
	x.State.Trim(bounds.Order, bounds.Limit-x.Left)
	written, err := x.Encode(key, true)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// A damaged value is not changed in parts, wherever the damage is: copied to the next
// value it would outlive the intact copies that other nodes have.
func TestCut_damage(t *testing.T) {
	t.Parallel()
	value := encode(t, key, timeline(200), true)
	changes := []wire.Change{{ID: "posts:1000", Put: true, Date: 1 << 60}}
	for i := range value {
		damaged := bytes.Clone(value)
		damaged[i] ^= 1 << (i % 8)
		if _, ok := wire.Cut(key, damaged, changes, wire.Bounds{Limit: 1000}); ok {
			t.Fatalf("byte %d of %d is damaged and the value is changed", i, len(value))
		}
	}
	if x, ok := wire.Cut(key, value, changes, wire.Bounds{Limit: 1000}); !ok || x.Left == 0 {
		t.Error("the intact value cannot be changed in parts")
	}
}
