package state

// Merge returns what a and b say together: for every (id, source) the join
// of the two registers, absence counted as what it means in that state. It
// commutes, associates and is idempotent, and leaves a and b as they are; data
// is shared with them.
func Merge(a, b State) State {
	out := State{
		Horizon: max(a.Horizon, b.Horizon),
		Entries: make([]Entry, 0, max(len(a.Entries), len(b.Entries))),
		Items:   mergeCovers(a.Items, b.Items),
		Sources: mergeCovers(a.Sources, b.Sources),
	}
	x, y := a.Entries, b.Entries
	for len(x) > 0 || len(y) > 0 {
		switch c := compareHeads(x, y); {
		case c < 0:
			out.Entries = append(out.Entries, join(x[0], b.absent(x[0].ID, x[0].Source)))
			x = x[1:]
		case c > 0:
			out.Entries = append(out.Entries, join(y[0], a.absent(y[0].ID, y[0].Source)))
			y = y[1:]
		default:
			out.Entries = append(out.Entries, join(x[0], y[0]))
			x, y = x[1:], y[1:]
		}
	}
	out.settle(anyEntry)
	return out
}

// compareHeads tells which of two sorted lists has the next entry; an empty
// list has none.
func compareHeads(x, y []Entry) int {
	switch {
	case len(x) == 0:
		return 1
	case len(y) == 0:
		return -1
	default:
		return compareNames(x[0], y[0])
	}
}

// join returns what two registers of one (id, source) say together.
func join(a, b Entry) Entry {
	if compareRegisters(a, b) < 0 {
		a, b = b, a
	}
	if !a.Live {
		return a
	}
	a.Older = max(a.Older, b.Older)
	if !b.Live || b.Date != a.Date {
		a.Older = max(a.Older, b.Version)
	}
	return a
}
