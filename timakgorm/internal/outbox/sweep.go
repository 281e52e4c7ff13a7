package outbox

import "slices"

// sweep is what is known of the beginning of the outbox from earlier looks. The zero sweep
// knows nothing.
//
// An id is drawn when a change is recorded, and is to be seen when its transaction has been
// committed, perhaps after higher ones. So what a look has not met may come. But a transaction
// has a number before it draws an id. So a number that is assigned when a look has met an id
// is higher than those of all transactions with lower ids; a snapshot tells when these have
// ended. It does not tell which number is the next: it knows only of those that have ended.
type sweep struct {
	sure int64   // no change up to this id is there, or will be, but those left
	seen int64   // no change up to this id was there at the last look, but those left; at least sure
	left []int64 // ids of changes up to seen that were there at the last look, in order

	last int64 // the highest id that a look has met
	next int64 // ids up to this one were drawn by transactions with numbers below open
	open int64
}

// leftMost is how many changes a look passes over, each of which it finds by its id.
const leftMost = 100

// sight is what a look has met that began behind the id after, and at those left up to it.
type sight struct {
	after int64
	ids   []int64 // of the changes up to sweep.last, in order, at most leftMost+1
	end   int64   // it has met all changes up to this id
	first int64   // the highest id on its first page, of which the rest is
	last  int64   // the highest id that it has met
	snapshot
}

// snapshot says which transactions have ended: all below oldest, and none from next on.
// open is a number that was assigned after it, 0 if there is none.
type snapshot struct{ oldest, next, open int64 }

// after returns what is known after a look.
func (s sweep) after(v sight) sweep {
	switch {
	case v.next <= s.open, v.after == 0 && s.misses(v.ids): // this is another server, or another outbox
		return sweep{last: v.last}
	case v.end < s.sure:
		return s
	}
	met := max(s.last, v.first)
	s.seen = min(s.last, v.end)
	if len(v.ids) > leftMost {
		s.seen = min(s.seen, v.ids[leftMost]-1)
	}
	s.last = max(s.last, v.last)
	if v.after <= s.sure && v.oldest >= s.open {
		s.sure = max(s.sure, min(s.next, s.seen))
		if v.open > 0 {
			s.next, s.open = met, v.open
		}
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
