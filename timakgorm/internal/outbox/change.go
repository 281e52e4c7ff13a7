package outbox

// RowChange is a row of the outbox.
type RowChange struct {
	ID       int64
	Version  int64
	Table    string
	PK       string
	Old, New *string // images
	Attempts int
}

// UnknownImage is the old image of a change that was recorded without looking
// at what was before: the row may have been anywhere.
const UnknownImage = "{}"

// size returns about how many bytes the change takes.
func (c RowChange) size() int {
	n := len(c.Table) + len(c.PK)
	for _, image := range []*string{c.Old, c.New} {
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
