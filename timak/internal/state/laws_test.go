package state_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
)

// The laws of merging, over four states at a time in all combinations.
func TestMergeLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.SliceOfN(states(), 4, 4).Draw(t, "states")
		for _, a := range drawn {
			mustEqual(t, state.Merge(a, a), a, "idempotent: %+v", a)
			mustEqual(t, state.Merge(a, state.State{}), a, "nothing to merge with: %+v", a)
			for _, b := range drawn {
				ab := state.Merge(a, b)
				mustEqual(t, ab, merged(a, b), "agrees with the model: %+v, %+v", a, b)
				mustEqual(t, ab, state.Merge(b, a), "commutes: %+v, %+v", a, b)
				mustEqual(t, state.Merge(ab, a), ab, "absorbs what is in it: %+v, %+v", a, b)
				for _, c := range drawn {
					mustEqual(t, state.Merge(ab, c), state.Merge(a, state.Merge(b, c)), "associates: %+v, %+v, %+v", a, b, c)
				}
			}
		}
	})
}

func TestMergeLeavesItsArgumentsAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := states().Draw(t, "a"), states().Draw(t, "b")
		keptA, keptB := a.Clone(), b.Clone()
		ab := state.Merge(a, b)
		for _, c := range rapid.SliceOf(changes()).Draw(t, "changes") {
			c.apply(&ab)
		}
		ab.Trim(state.NewestFirst, 1)
		ab.Collect(6)
		mustEqual(t, a, keptA, "the first argument changed")
		mustEqual(t, b, keptB, "the second argument changed")
	})
}

// Changes are merges, so they are idempotent and may come in any order.
func TestChangesInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := states().Draw(t, "start")
		in := rapid.SliceOfN(changes(), 1, 12).Draw(t, "changes")
		want := start.Clone()
		for _, c := range in {
			c.apply(&want)
		}
		got := start.Clone()
		for _, c := range rapid.Permutation(append(in, in...)).Draw(t, "again, in another order") {
			c.apply(&got)
		}
		mustEqual(t, got, want, "%v from %+v", in, start)
	})
}
