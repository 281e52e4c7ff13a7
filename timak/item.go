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

// Timeline is what one read saw: items in order. The zero Timeline is empty.
type Timeline struct {
	items []Item
}

// Items returns the items in the timeline's order. The slice is the caller's.
func (t Timeline) Items() []Item { return append([]Item(nil), t.items...) }

// IDs returns the ids of the items in the timeline's order.
func (t Timeline) IDs() []string {
	ids := make([]string, len(t.items))
	for i, item := range t.items {
		ids[i] = item.ID
	}
	return ids
}

// Len returns the number of items.
func (t Timeline) Len() int { return len(t.items) }
