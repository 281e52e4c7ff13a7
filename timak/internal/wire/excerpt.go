package wire

import (
	"cmp"
	"slices"

	"github.com/timak-go/timak/timak/internal/state"
)

// Excerpt is a timeline that is about to be changed. Only the live entries that the
// changes touch are decoded; the blocks of the others are copied from one stored
// value to the next.
type Excerpt struct {
	// State is what was decoded. The changes are made here.
	State state.State

	// Left is how many live entries are not in State.
	Left int

	view    *View // nil if nothing is left
	left    []int // the indexes of the blocks, in order
	horizon int64 // the horizon that the entries outside State know
}

// Whole returns an Excerpt of all of s.
func Whole(s state.State) Excerpt { return Excerpt{State: s} }

// Change is what a change touches: the item and, if it puts an entry, where that
// goes.
type Change struct {
	ID   string
	Put  bool
	Date int64
}

// Bounds are what the timeline is trimmed to after the changes.
type Bounds struct {
	Order state.Order
	Limit int
}

// manyChanges is the number above which most blocks are decoded in any case.
const manyChanges = 40

// Cut returns the part of a stored value that some changes touch, if that can be
// separated and the value is intact. Otherwise Decode returns the whole value, or why
// it is damaged.
func Cut(key string, value []byte, changes []Change, bounds Bounds) (Excerpt, bool) {
	if len(changes) > manyChanges {
		return Excerpt{}, false
	}
	v, ok := Open(key, value)
	if !ok || !v.partable() || !v.allIntact() {
		return Excerpt{}, false
	}
	taken := v.taken(changes, bounds)
	x := Excerpt{view: v, horizon: v.head.horizon, left: make([]int, 0, len(taken))}
	live, err := v.gather(func(i int, before []state.Entry) bool {
		// The dates do not tell which entry comes first if this block begins with
		// the date that the one before it ends with.
		tied := i > 0 && taken[i-1] && before[len(before)-1].Date == v.head.blocks[i].date
		if taken[i] = taken[i] || tied; !taken[i] {
			x.left = append(x.left, i)
		}
		return taken[i]
	})
	if err != nil {
		return Excerpt{}, false
	}
	x.Left = v.entries - len(live)
	x.State, err = v.readGraves(v.head.state(live), nil)
	return x, err == nil
}

// partable reports whether the value can be changed in parts: its blocks are in order,
// and most of its sources still have entries.
func (v *View) partable() bool {
	if v.entries*maxName > maxBody/2 || len(v.head.sources.texts) > v.entries+manyChanges {
		return false // the names may be too long in total, which only a count of all can tell
	}
	latestFirst := func(a, b blockHead) int { return cmp.Compare(b.date, a.date) }
	return slices.IsSortedFunc(v.head.blocks, latestFirst)
}

// taken returns which blocks some changes touch.
func (v *View) taken(changes []Change, bounds Bounds) []bool {
	taken := make([]bool, len(v.head.blocks))
	wanted := v.head.wanted(changes)
	for i := range taken {
		taken[i] = v.names(i, wanted)
	}
	puts := 0
	for _, c := range changes {
		if c.Put {
			v.takeAt(taken, c.Date)
			puts++
		}
	}
	v.takeSurplus(taken, bounds, v.entries+puts-bounds.Limit)
	v.takeBehindFront(taken)
	v.takeSmall(taken)
	return taken
}

// takeAt takes the block in which an entry of this date belongs, or both blocks if
// it falls on their border.
func (v *View) takeAt(taken []bool, date int64) {
	blocks := v.head.blocks
	for i := range blocks {
		begins := i == 0 || blocks[i].date >= date
		if begins && (i+1 == len(blocks) || blocks[i+1].date <= date) {
			taken[i] = true
		}
	}
}

// takeSurplus takes the blocks from which entries may be trimmed.
func (v *View) takeSurplus(taken []bool, bounds Bounds, surplus int) {
	for n := range taken {
		if surplus <= 0 {
			return
		}
		i := n
		if bounds.Order == state.NewestFirst {
			i = len(taken) - 1 - n
		}
		taken[i] = true
		surplus -= v.head.blocks[i].entries
	}
}

// inFront reports whether a block is in the front.
func (v *View) inFront(place int) bool {
	var f front
	for i := 0; i < place && f.open(); i++ {
		f = v.past(f, i)
	}
	return f.open()
}

// takeBehindFront takes the first block behind the front, if it can be joined with the
// next.
func (v *View) takeBehindFront(taken []bool) {
	var f front
	for i := range taken {
		if !f.open() {
			taken[i] = taken[i] || i+1 < len(taken) && v.joins(f, i+1)
			return
		}
		f = v.past(f, i)
	}
}

// takeSmall takes the neighbours of taken blocks that would fit into one block with
// them. Otherwise blocks would become ever more and ever smaller.
func (v *View) takeSmall(taken []bool) {
	var f front
	for i := 1; i < len(taken); i++ {
		if taken[i-1] != taken[i] && v.joins(f, i) {
			taken[i-1], taken[i] = true, true
		}
		f = v.past(f, i-1)
	}
}

// joins reports whether a block would fit into one with the block before it, which
// comes after f.
func (v *View) joins(f front, i int) bool {
	a, b := &v.head.blocks[i-1], &v.head.blocks[i]
	return f.fits(a.entries+b.entries, a.data+b.data)
}

// past returns what is before the block after block i, which comes after f.
func (v *View) past(f front, i int) front {
	b := &v.head.blocks[i]
	return front{f.entries + b.entries, f.data + b.data}
}

// gather returns the entries of some blocks. takes is called for each block, with
// the entries so far.
func (v *View) gather(takes func(i int, before []state.Entry) bool) ([]state.Entry, error) {
	some := min(4*blockEntries, v.entries+1) // mostly enough
	ids := spelled{b: make([]byte, 0, 16*some), ends: make([]int32, 0, some)}
	entries := make([]state.Entry, 0, some)
	for i := range v.head.blocks {
		if !takes(i, entries) {
			continue
		}
		start := len(entries)
		entries = append(entries, make([]state.Entry, v.head.blocks[i].entries)...)
		if err := v.block(i, entries[start:], &ids); err != nil {
			return nil, err
		}
	}
	ids.each(func(i int, id string) { entries[i].ID = id })
	return entries, nil
}

// Encode returns the stored value of the timeline under key, or driver.ErrTooLarge
// for a value that Decode would not accept.
func (x *Excerpt) Encode(key string, compress bool) ([]byte, error) {
	if x.State.Horizon != x.horizon && x.Left > 0 {
		if err := x.complete(); err != nil {
			return nil, err
		}
	}
	return encode(key, x, nil, compress)
}

// complete decodes the remaining blocks: the horizon has risen, and must be applied
// to all entries.
func (x *Excerpt) complete() error {
	rest, err := x.view.gather(func(i int, _ []state.Entry) bool { return slices.Contains(x.left, i) })
	if err != nil {
		return err
	}
	x.State.Rejoin(rest)
	*x = Whole(x.State)
	return nil
}

// blocks returns the blocks in which the timeline is stored.
func (x *Excerpt) blocks() []block {
	live := x.State.Live()
	blocks := make([]block, 0, len(live)/(blockEntries/2)+len(x.left)+2)
	for _, i := range x.left {
		n := 0
		for n < len(live) && live[n].Date > x.view.head.blocks[i].date {
			n++
		}
		blocks = append(divide(blocks, live[:n]), block{from: x.view, place: i})
		live = live[n:]
	}
	blocks = divide(blocks, live)
	settle(blocks)
	return blocks
}
