package timakgorm

import (
	"fmt"

	"github.com/timak-go/timak/timak"
)

// DifferenceKind says how a timeline differs from the tables.
type DifferenceKind uint8

const (
	// Missing is an item that a row should have and the timeline lacks. Items that
	// fell off the end are not missing, even if they have room again because others
	// were removed: Plugin.Page reads them from the tables until the relay brings them
	// back. Rebuild does so, too.
	Missing DifferenceKind = iota + 1

	// Extra is an item that no row has.
	Extra

	// Misplaced is an item whose date differs from its row's.
	Misplaced

	// Stale is an item whose data or source differs from its row's.
	Stale

	// Damaged is a stored value that cannot be read. Items that only this value
	// held are missing.
	Damaged

	// Unplaceable is a row that a rule wants on a timeline and that no timeline
	// can hold: a rule cannot read one of its columns, or its key, id, source or
	// data exceeds a limit of the engine. A change of it becomes a dead letter,
	// for the same reason. Rebuild leaves it alone: correct the row, and that
	// change places it. The timeline's key is empty where it cannot be read.
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

// Difference is one item of one timeline that differs from the tables.
type Difference struct {
	Kind DifferenceKind

	// Key is the timeline's key. It is empty if the row is Unplaceable and its
	// key cannot be read.
	Key string

	// ID and Source name the item. They are empty if the whole timeline is
	// Damaged, or if an Unplaceable row has one that cannot be read.
	ID, Source string

	// Table and Row name the item's row; Row is its primary key, a JSON array.
	// They are empty where no row is known.
	Table, Row string

	// Want is the item according to the row, Got the item on the timeline. Either
	// is nil where there is none.
	Want, Got *timak.Item

	// Unsettled says that the difference may resolve itself: changes of the row
	// keep waiting in the outbox, or keep arriving.
	Unsettled bool

	// Reason is why Rebuild cannot repair the difference, where that is known
	// beforehand. For an Unplaceable row it is the error of its dead letter.
	Reason string
}

// String describes the difference in one line.
func (d Difference) String() string {
	if d.Reason != "" {
		return d.plain() + ": " + d.Reason
	}
	return d.plain()
}

// plain describes the difference without the reason.
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
