package driver

import "context"

// Marker is an optional ability of a Store that may lose puts which it has
// acknowledged: one whose server keeps them in memory, or whose replica takes over
// before it has heard of them. A Marker can tell afterwards that this has happened.
// A store that keeps what it acknowledges is no Marker.
//
// A mark is a place in the history of the store. It is lost when anything that was
// put before it is: a store that goes back in its history, or begins a new one,
// loses its latest marks too. So a caller sets a mark behind its puts, remembers the
// mark in a safe place before it forgets what it has put, and asks for the mark
// later:
//
//	put … the changes of a batch
//	mark, kept, err := marker.Mark(ctx, name, last)
//	if kept: in one transaction, forget the changes and remember mark as last
//	if not:  remember that the store has lost data and must be rebuilt; then begin
//	         anew with Mark(ctx, name, "")
type Marker interface {
	// Mark tells whether everything that was put before the mark last, by anybody,
	// is still there. If so, kept is true, and mark is a new one, behind everything
	// that was acknowledged before the call. The mark last stays good too: a caller
	// that could not remember the new one asks for last again.
	//
	// If not, kept is false and mark is empty. Nothing changes, so that a caller
	// that could not remember the loss hears of it again. It begins anew with an
	// empty last, for which kept is always true.
	//
	// last is the latest mark that the caller remembers. An earlier one may count as
	// lost.
	//
	// name is whose marks these are, a text like a key. Different names have
	// nothing to do with each other; one name is for one caller at a time. If two
	// use it at once, Mark may tell of a loss that did not happen, but never misses
	// one.
	//
	// After an error, the mark may or may not have been set: ask for last again.
	// The errors are those of Get.
	Mark(ctx context.Context, name, last string) (mark string, kept bool, err error)
}
