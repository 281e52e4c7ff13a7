package audit

import (
	"bytes"

	"github.com/timak-go/timak/timak"
)

// Kind says how a timeline differs from the tables; timakgorm.DifferenceKind describes
// the kinds, in this order.
type Kind uint8

// The kinds. Zero is none of them.
const (
	Missing Kind = iota + 1
	Extra
	Misplaced
	Stale
	Damaged
	Unplaceable
)

// Difference is one item of one timeline that differs from the tables;
// timakgorm.Difference describes its fields.
type Difference struct {
	Kind       Kind
	Key        string
	ID, Source string
	Table, Row string
	Want, Got  *timak.Item
	Unsettled  bool
	Reason     string
}

// kindOfDifference compares an entry with the row's item; 0 means that they agree.
func kindOfDifference(want *timak.Item, got *timak.Entry) Kind {
	switch {
	case want == nil && got == nil:
		return 0
	case got == nil:
		return Missing
	case want == nil:
		return Extra
	case got.At.UnixMicro() != want.At.UnixMicro():
		return Misplaced
	case !bytes.Equal(got.Data, want.Data):
		return Stale
	default:
		return 0
	}
}
