package driver

import "context"

// Marker is an optional ability of a Store that may lose puts which it has
// acknowledged: one whose server keeps them in memory, or whose replica takes over
// before it has heard of them. A Marker can tell afterwards that this has happened.
// A store that keeps what it acknowledges is no Marker.
//
// A mark is a place in the history of the store. A store that goes back in its
// history, or begins a new one, leaves the places behind that it has lost. So a
// caller holds a mark from before its puts, and asks for it behind them:
//
//	put … the changes of a batch
//	next, kept, err := marker.Mark(ctx, mark)
//	if kept == KeptAll: in one transaction, forget the changes and replace the
//	          remembered mark by next
//	if kept == KeptBefore: put the changes again, with next as the mark
//	if kept == Lost: remember that the store must be rebuilt, put the changes again
type Marker interface {
	// Mark returns a new mark, behind everything that the store holds now, and tells
	// what it still holds of the history with the mark last. An empty last is the
	// mark before everything, of a history of which nothing is known: KeptBefore.
	//
	// Any number of callers may set marks at once, and ask for the marks of others.
	// A mark is good for as long as the store holds what was put before it, however
	// many were set since. A mark of another store is Lost.
	//
	// After an error, mark is empty, kept is Lost and means nothing, and last is as
	// good as before. The errors are those of Get.
	Mark(ctx context.Context, last string) (mark string, kept Kept, err error)
}

// Kept says what a store holds of what it has acknowledged.
type Kept uint8

const (
	// Lost means that something which was put before the mark may be gone.
	Lost Kept = iota
	// KeptBefore means that everything which was put before the mark is there, and
	// that something which was put since may be gone.
	KeptBefore
	// KeptAll means that everything is there, whether put before the mark or since.
	KeptAll
)

// String returns the name of the constant.
func (k Kept) String() string {
	switch k {
	case KeptAll:
		return "KeptAll"
	case KeptBefore:
		return "KeptBefore"
	default:
		return "Lost"
	}
}
