package redisstore

// SlotTags are slotTags.
var SlotTags = slotTags

// ListIn makes a listing hold this many bytes of names at once.
func (s *Store) ListIn(room int) { s.room = room }

// IdleWorkers returns how many workers wait for requests.
func (s *Store) IdleWorkers() int { return len(s.workers.idle) }
