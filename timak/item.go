package timak

import "time"

// Item is what a timeline holds and what a reader gets.
type Item struct {
	// ID names the item, and is unique in its timeline. 1 to 512 bytes.
	ID string

	// At is the date the timeline is ordered by, to the microsecond; finer
	// parts are cut off. Any int64 score fits as time.UnixMicro(score). Items of
	// one date are ordered by id: shorter ids count as earlier, then bytes.
	At time.Time

	// Data is an optional payload, returned as it was given, at most
	// Options.MaxData bytes. nil and empty are the same.
	Data []byte

	// Source tells why the item is in the timeline ("followed author 7"). Empty
	// when there is only one reason; at most 512 bytes. An item that several
	// sources put is shown once, as the newest of them says, for as long as one
	// source is left.
	Source string
}
