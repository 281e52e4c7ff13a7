package timakgorm

import (
	"fmt"

	"github.com/timak-go/timak/timak"
)

// DifferenceKind says in what way a timeline is not as the tables are.
type DifferenceKind uint8

const (
	// Missing is an item that a row should have and the timeline lacks. Items
	// that fell off the end, and have room again since others were removed,
	// count as missing: only the tables know them.
	Missing DifferenceKind = iota + 1

	// Extra is an item that no row has.
	Extra

	// Misplaced is an item with another date than its row's.
	Misplaced

	// Stale is an item whose data, or source, is not its row's.
	Stale

	// Damaged is a stored value that cannot be read. What it alone said is
	// missing.
	Damaged

	// Unplaceable is a row that a rule wants on a timeline and that can be on
	// none, as no rule can read a column of it, or as its key, id, source or data
	// is over a limit of the engine's. A change of it is a dead letter, for the
	// same reason. Rebuild leaves it: mend the row, and its change places it. The
	// timeline's key is empty where that cannot be read.
	Unplaceable
)

// String returns the kind's name.
func (k DifferenceKind) String() string {
	names := [...]string{"unknown", "missing", "extra", "misplaced", "stale", "damaged", "unplaceable"}
	if int(k) >= len(names) {
		k = 0
	}
	return names[k]
}

// Difference is one item of one timeline that is not as the tables say.
type Difference struct {
	Kind DifferenceKind

	// Key is the timeline's; empty if a row is Unplaceable and its key is what
	// cannot be read.
	Key string

	// ID and Source name the item; empty if the whole timeline is Damaged, or if
	// what is Unplaceable cannot be read.
	ID, Source string

	// Table and Row name the row that the item is of: Row is its primary key, a
	// JSON array. Empty where no row is known.
	Table, Row string

	// Want is the item by the row, Got the one of the timeline. Each is nil where
	// there is none.
	Want, Got *timak.Item

	// Unsettled says that this may yet come right: changes of the row keep
	// waiting in the outbox, or keep coming.
	Unsettled bool

	// Reason is why Rebuild cannot mend it, where that is known beforehand. Of an
	// Unplaceable row it is what a dead letter of it says.
	Reason string
}

// String says it in a line.
func (d Difference) String() string {
	if d.Reason != "" {
		return d.plain() + ": " + d.Reason
	}
	return d.plain()
}

// plain says it without the reason.
func (d Difference) plain() string {
	switch {
	case d.Kind == Unplaceable && d.Key == "":
		return fmt.Sprintf("%s %s %s", d.Table, d.Row, d.Kind)
	case d.Kind == Unplaceable:
		return fmt.Sprintf("%s: %s %s %s", d.Key, d.Table, d.Row, d.Kind)
	case d.Kind == Damaged:
		return fmt.Sprintf("%s: damaged", d.Key)
	case d.Unsettled:
		return fmt.Sprintf("%s: %s %s, unsettled", d.Key, d.ID, d.Kind)
	case d.Kind == Misplaced:
		return fmt.Sprintf("%s: %s %s: at %v, its row says %v", d.Key, d.ID, d.Kind, d.Got.At, d.Want.At)
	default:
		return fmt.Sprintf("%s: %s %s", d.Key, d.ID, d.Kind)
	}
}
