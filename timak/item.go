package timak

import "time"

// Item is what a timeline holds and what a reader gets.
type Item struct {
	// ID names the item, and is unique in its timeline. 1 to 512 bytes.
	ID string

	// At is the date the timeline is ordered by, to the microsecond; finer parts
	// are cut off. Any int64 score fits as time.UnixMicro(score). Items with the
	// same date are ordered by id: shorter ids count as earlier, then by bytes.
	At time.Time

	// Data is an optional payload, returned as given, of at most Options.MaxData
	// bytes. nil and empty are the same.
	Data []byte

	// Source tells why the item is in the timeline ("followed author 7"). Empty
	// when there is only one reason; at most 512 bytes. An item put by several
	// sources is shown once, as the newest of them says, and stays while at least
	// one source is left.
	Source string
}
