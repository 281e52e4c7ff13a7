package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// merged returns what siblings say together, or wire.ErrCorrupt.
func merged(key string, siblings [][]byte) (state.State, error) {
	var decoder wire.Decoder
	var all state.State
	for i, value := range siblings {
		s, err := decoder.Decode(key, value)
		switch {
		case err != nil:
			return state.State{}, err
		case i == 0:
			all = s
		default:
			all.Absorb(s)
		}
	}
	return all, unpacked(&all)
}

// unpacked returns why the data of an entry cannot be read. A merge, which counts such
// data as empty, would make it so.
func unpacked(s *state.State) error {
	for i := range s.Entries {
		if _, err := s.Entries[i].Data.Bytes(); err != nil {
			return err
		}
	}
	return nil
}

// read returns what a store has under key.
func read(ctx context.Context, from driver.Store, key string) (state.State, driver.Object, error) {
	object, err := from.Get(ctx, key)
	if err != nil {
		return state.State{}, object, err
	}
	s, err := merged(key, object.Siblings)
	return s, object, err
}

// mergeInto makes a store say under key what it says and what s says, and reports whether
// it did not say that already. It neither trims nor collects: that is for engines, which
// know the bounds of their timelines.
func mergeInto(ctx context.Context, to driver.Store, key string, s *state.State) (changed bool, err error) {
	there, object, err := read(ctx, to, key)
	if err != nil {
		return false, fmt.Errorf("in the target: %w", err)
	}
	together := state.Merge(there, *s)
	together.Fold()
	met := slices.DeleteFunc(slices.Clone(object.Siblings), wire.IsAddition) // what writers have left to be merged
	if len(met) <= 1 && together.Equal(&there) {
		return false, nil
	}
	value, err := wire.Encode(key, &together, true)
	if err != nil {
		return false, err
	}
	_, err = to.Put(ctx, key, value, object.Token)
	return err == nil, err
}
