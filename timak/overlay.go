package timak

import (
	"slices"
	"sort"

	"github.com/timak-go/timak/timak/internal/state"
)

// overlaid returns a list in an order without the items at some indexes, which are sorted,
// and with those that a state shows.
func overlaid(order state.Order, base list, hidden []int, with state.State) list {
	kept := func(i int) *state.Entry { // the i-th item of base that is not hidden
		for _, h := range hidden {
			if h > i {
				break
			}
			i++
		}
		return base.at(i)
	}
	n := base.n - len(hidden)
	added := with.Visible(order)
	places := make([]int, len(added)) // of the added items in the list
	for k := range added {
		at := added[k].Position()
		places[k] = k + sort.Search(n, func(i int) bool { return order.Compare(kept(i).Position(), at) > 0 })
	}
	return list{n: n + len(added), err: base.err, at: func(i int) *state.Entry {
		k, found := slices.BinarySearch(places, i)
		if found {
			return &added[k]
		}
		return kept(i - k)
	}}
}
