package state_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
)

// What several writers said about the items that they changed, of a state that each knew
// and of what some others had said, is with that state all that there is; and it alone
// says all of these items.
func TestAbout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := states().Draw(t, "base")
		all, additions := base.Clone(), []state.State{}
		mentioned := func(id string) bool {
			return slices.ContainsFunc(additions, func(a state.State) bool { return mentions(a, id) })
		}
		for range rapid.IntRange(1, 4).Draw(t, "writers") {
			known, touched := base.Clone(), map[string]bool{}
			for _, a := range additions {
				if rapid.Bool().Draw(t, "known") {
					known.Absorb(a)
				}
			}
			for _, c := range rapid.SliceOfN(changesOfItems(), 1, 3).Draw(t, "changes") {
				if c.removes && c.version <= base.Horizon {
					continue
				}
				c.apply(&known)
				c.apply(&all)
				touched[c.item] = true
			}
			said := known.About(func(id string) bool { return touched[id] })
			mustEqual(t, state.Merge(known, said), known, "adds nothing to what was known")
			mustBeNormal(t, said, "about %v", touched)
			additions = append(additions, said)
		}
		var together state.State
		got := base.Clone()
		for _, a := range additions {
			got.Absorb(a)
			together.Absorb(a)
		}
		mustEqual(t, got, all, "base and additions")

		shown := together.Visible(state.NewestFirst)
		for _, e := range base.Visible(state.NewestFirst) {
			if !mentioned(e.ID) {
				shown = append(shown, e)
			}
		}
		if want, got := seenBy(got.Visible(state.NewestFirst)), seenBy(shown); !slices.Equal(got, want) {
			t.Fatalf("%+v\n%+v\nvisible: got %q\nwant %q", base, additions, got, want)
		}
	})
}

// seenBy returns what a reader is shown of entries.
func seenBy(entries []state.Entry) []string {
	var shown []string
	for _, e := range state.Union(state.NewestFirst, entries) {
		shown = append(shown, fmt.Sprintf("%d %s of %s, version %d: %s", e.Date, e.ID, e.Source, e.Version, plain(e)))
	}
	return shown
}

// mentions reports whether a state says anything of an item.
func mentions(s state.State, id string) bool {
	return slices.ContainsFunc(s.Entries, func(e state.Entry) bool { return e.ID == id }) ||
		slices.ContainsFunc(s.Items, func(c state.Cover) bool { return c.Name == id })
}

// changeOfItem is a change of a single item.
type changeOfItem struct {
	change

	item    string
	removes bool
}

func changesOfItems() *rapid.Generator[changeOfItem] {
	return rapid.Custom(func(t *rapid.T) changeOfItem {
		c := changes().Filter(func(c change) bool { return len(c.says.Sources) == 0 }).Draw(t, "change")
		for _, e := range c.says.Entries {
			return changeOfItem{c, e.ID, !e.Live}
		}
		return changeOfItem{c, c.says.Items[0].Name, true}
	})
}
