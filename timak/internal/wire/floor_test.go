package wire_test

import (
	"errors"
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// stairs returns a state with so many drops, of which none outweighs another, and heals.
func stairs(n int) (s state.State) {
	for i := range n {
		s.RaiseFloor(state.NewestFirst, state.Position{Date: int64(-i), ID: "x"}, int64(1000+i))
		s.Heal(state.NewestFirst, state.Position{Date: int64(-10_000 - i), ID: "x"}, nil, int64(i+1))
	}
	return s
}

// However many siblings were merged, what was written can be read, and is as high.
func TestManyDrops(t *testing.T) {
	t.Parallel()
	few, many := stairs(64), stairs(500)
	if len(many.Drops) != 500 || len(many.Heals) != 500 {
		t.Fatalf("got %d drops and %d heals", len(many.Drops), len(many.Heals))
	}
	mustDecode(t, encode(t, goldenKey, few, false), few)
	floor := many.Floor()
	got, err := wire.Decode(goldenKey, encode(t, goldenKey, many.Clone(), false))
	if err != nil || len(got.Drops) != 1 || len(got.Heals) != 1 || got.Floor() != floor || got.Drops[0].Moment != 1499 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A damaged value cannot make reading slow: the time to check drops is quadratic.
func TestTooManyDrops(t *testing.T) {
	t.Parallel()
	drops, heals := stairs(66), stairs(66)
	drops.Heals, heals.Drops = nil, nil
	for name, s := range map[string]state.State{"drops": drops, "heals": heals} {
		if _, err := wire.Decode(goldenKey, wire.EncodeUnfolded(goldenKey, s)); !errors.Is(err, wire.ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
	}
}
