package outbox

import "slices"

// sweep is what is known of the beginning of the outbox from earlier looks. The zero sweep
// knows nothing.
//
// An id is drawn when a change is recorded, and is to be seen when its transaction has been
// committed, perhaps after higher ones. So what a look has not met may come. By then the
// transaction has a number, as it has locked the row that it changes; a snapshot tells which
// numbers have ended.
type sweep struct {
	sure int64   // no change up to this id is there, or will be, but those left
	seen int64   // no change up to this id was there at the last look, but those left; at least sure
	left []int64 // ids of changes up to seen that were there at the last look, in order

	last int64 // the highest id that a look has met
	next int64 // what sure may become at most when all transactions below open have ended
	open int64 // the number of a transaction
}

// leftMost is how many changes a look passes over, each of which it finds by its id.
const leftMost = 100

// sight is what a look has met that began behind the id after, and at those left up to it.
type sight struct {
	after int64
	ids   []int64 // of the changes up to sweep.last, in order, at most leftMost+1
	end   int64   // it has met all changes up to this id
	last  int64   // the highest id that it has met
	snapshot
}

// snapshot says which transactions have ended: all below oldest, and none from next on.
type snapshot struct{ oldest, next int64 }

// after returns what is known after a look.
func (s sweep) after(v sight) sweep {
	switch {
	case v.next < s.open, v.after == 0 && s.misses(v.ids): // this is another server, or another outbox
		return sweep{last: v.last, next: v.last, open: v.next}
	case v.end < s.sure:
		return s
	}
	s.seen = min(s.last, v.end)
	if len(v.ids) > leftMost {
		s.seen = min(s.seen, v.ids[leftMost]-1)
	}
	s.last = max(s.last, v.last)
	if v.after <= s.sure && v.oldest >= s.open {
		s.sure = max(s.sure, min(s.next, s.seen))
		s.next, s.open = s.last, v.next
	}
	n, _ := slices.BinarySearch(v.ids, s.seen+1)
	s.left = slices.Clone(v.ids[:n])
	return s
}

// misses reports whether one of some changes could not be there.
func (s sweep) misses(ids []int64) bool {
	return slices.ContainsFunc(ids, func(id int64) bool {
		_, left := slices.BinarySearch(s.left, id)
		return id <= s.sure && !left
	})
}
