package audit

import (
	"bytes"

	"github.com/timak-go/timak/timak"
)

// Kind says in what way a timeline is not as the tables are; timakgorm.DifferenceKind
// says what each means, in this order.
type Kind uint8

// The kinds. Zero is none.
const (
	Missing Kind = iota + 1
	Extra
	Misplaced
	Stale
	Damaged
	Unplaceable
)

// Difference is one item of one timeline that is not as the tables say;
// timakgorm.Difference says what its fields are.
type Difference struct {
	Kind       Kind
	Key        string
	ID, Source string
	Table, Row string
	Want, Got  *timak.Item
	Unsettled  bool
	Reason     string
}

// kindOfDifference compares an entry with the row's item; 0 says that they are
// alike.
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
