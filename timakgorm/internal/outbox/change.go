package outbox

// RowChange is a row of the outbox: one change of one tracked row.
type RowChange struct {
	ID       int64
	Version  int64
	Table    string
	PK       string
	Old, New *string // images; nil if the row was or is absent or soft-deleted
	Attempts int
	Progress *string // how far the relay has come with it; nil: at the beginning
	Claim    *int64  // the version with which a relay has claimed it last
}

// UnknownImage is the old image of a change that was recorded without reading the
// row as it was before: the row may have been anywhere.
const UnknownImage = "{}"

// size returns the approximate number of bytes in the change.
func (c RowChange) size() int {
	n := len(c.Table) + len(c.PK)
	for _, image := range []*string{c.Old, c.New, c.Progress} {
		if image != nil {
			n += len(*image)
		}
	}
	return n
}

// IDsOf returns the ids of changes.
func IDsOf(changes []RowChange) []int64 {
	ids := make([]int64, len(changes))
	for i, change := range changes {
		ids[i] = change.ID
	}
	return ids
}
