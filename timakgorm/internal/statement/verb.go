package statement

import (
	"errors"
	"fmt"
)

// Verb is the callback chain that a statement runs in. It says how GORM builds
// the statement, and not what happens to the rows: a delete may be an update, an
// update may restore a row, and a create may do both.
type Verb string

// The chains.
const (
	Create Verb = "create"
	Update Verb = "update"
	Remove Verb = "delete"
)

// ErrUncaptured is returned, wrapped with what to do instead, for a write whose
// rows cannot be known, so that its timelines could not follow. The write has not
// taken place.
var ErrUncaptured = errors.New("timelines cannot follow this write")

// Refuse returns ErrUncaptured, wrapped with the reason and what to do instead.
func Refuse(v Verb, table, advice string) error {
	return fmt.Errorf("timakgorm: %s of %s: %w: %s", v, table, ErrUncaptured, advice)
}
