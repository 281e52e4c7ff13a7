package wire

import (
	"fmt"

	"github.com/timak-go/timak/timak/internal/state"
)

// describe describes a fault and, if v is not nil, the block it is in: where to look,
// but nothing that a user has written.
func describe(f *state.Fault, s *state.State, v *View) string {
	size := fmt.Sprintf("; it has %d live entries", len(s.Live()))
	if v != nil {
		size += fmt.Sprintf(" in %d blocks", len(v.head.blocks))
	}
	size += fmt.Sprintf(", %d dead, %d removed items, %d removed sources", len(s.Dead()), len(s.Items), len(s.Sources))
	switch {
	case f.Part == state.Horizon || f.Part == state.TheMoment:
		return fmt.Sprintf("%s %s", f.Part, f.Rule) + size
	case f.Part != state.AnEntry:
		return fmt.Sprintf("%s %d %s", f.Part, f.Place, f.Rule) + size
	case f.Other >= 0:
		return fmt.Sprintf("%s %s %s", v.placed(f.Place), f.Rule, v.placed(f.Other)) + size
	default:
		return fmt.Sprintf("%s %s", v.placed(f.Place), f.Rule) + size
	}
}

// placed names an entry by its index and by that in its block; both count from 0.
func (v *View) placed(i int) string {
	if v == nil {
		return fmt.Sprintf("entry %d", i)
	}
	left := i
	for n, b := range v.head.blocks {
		if left < b.entries {
			return fmt.Sprintf("entry %d (%d of block %d)", i, left, n)
		}
		left -= b.entries
	}
	return fmt.Sprintf("entry %d (%d of the dead)", i, left)
}
