package outbox

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// Swept is what a program remembers of its looks at the outbox. The zero Swept has seen
// none; nil remembers nothing. Its methods may be called from any number of goroutines.
//
// Postgres keeps deleted rows for as long as a transaction may see them, such as a dump, a
// report, or one that nobody ends. A look that begins at the first id reads them all. So
// a look begins where, to the program's knowledge, something is. From time to time one begins
// farther back, as often as that takes little of the time.
type Swept struct {
	mu    sync.Mutex
	known sweep
	due   [seen]time.Time // when looks of depth whole and sure may be taken again
}

// depth is how far back a look begins.
type depth int

const (
	whole depth = iota // at the first id
	sure               // behind sweep.sure
	seen               // behind sweep.seen
)

// Looks of depth whole and sure take one part in share of the time at most, unless they take
// little: less than lookTime, and rowTime for each row that they find.
var share = [seen]time.Duration{whole: 50, sure: 20}

const (
	lookTime = 2 * time.Millisecond
	rowTime  = 20 * time.Microsecond
)

// fewIDs are read in no time: a look of depth seen must save more.
const fewIDs = 1000

// look is one look at the outbox, which may take several pages.
type look struct {
	span

	which Selection
	until int64 // take only changes that are due by then, in microseconds
	fresh bool  // leave out changes of which a part is done

	depth depth
	asks  bool      // for what Swept remembers
	known sweep     // what that was
	begun time.Time // when it asks
	took  time.Duration
	rows  int64
	sight sight
	pages int // so far; took and rows are of the first
}

// newLook begins a look.
func (o *Outbox) newLook(which Selection) *look {
	l := &look{span: span{after: which.After}, which: which, until: time.Now().UnixMicro()}
	if which.Everything {
		l.until = math.MaxInt64
	}
	if o.Swept != nil && o.dialect.Lock && which.After == 0 {
		o.Swept.begin(l)
	}
	return l
}

// begin sets where a look begins.
func (s *Swept) begin(l *look) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.asks, l.known, l.begun = true, s.known, time.Now()
	if !l.which.Quick || !l.begun.Before(s.due[whole]) {
		return
	}
	l.depth, l.span = sure, s.behind(s.known.sure)
	if l.begun.Before(s.due[sure]) && s.known.seen > s.known.sure+fewIDs {
		l.depth, l.span = seen, s.behind(s.known.seen)
	}
}

// met notes a page of the look.
func (l *look) met(page outboxPart) {
	if l.pages++; l.pages == 1 {
		l.took, l.rows = time.Since(l.begun), page.rows
		l.sight = sight{after: l.after, ids: page.ids, end: math.MaxInt64, first: page.last, snapshot: page.snapshot}
		if page.more {
			l.sight.end = page.last
		}
	}
	l.sight.last = max(l.sight.last, page.last)
}

// learn ends a look.
func (s *Swept) learn(l *look) {
	if !l.asks {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known = s.known.after(l.sight); l.depth == seen {
		return
	}
	s.due[l.depth] = time.Time{}
	if l.took > lookTime+time.Duration(l.rows)*rowTime {
		s.due[l.depth] = time.Now().Add(share[l.depth] * l.took)
	}
}

// Until returns how long a program may rest that has found nothing more to do by a hasty look,
// at most d.
func (s *Swept) Until(d time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return min(d, max(time.Until(s.due[sure]), 0))
}

// surely returns the span outside of which no change is, nor comes.
func (s *Swept) surely() span {
	if s == nil {
		return span{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behind(s.known.sure)
}

// behind returns the span that begins behind an id, and what is left before it.
func (s *Swept) behind(id int64) span {
	n, _ := slices.BinarySearch(s.known.left, id+1)
	return span{ids: s.known.left[:n], after: id}
}

// learned is what the query of a page returns for Swept: the first leftMost+1 ids on the page
// that are up to the last one known, and the numbers of a snapshot, as JSON arrays. It has a
// number assigned only if that covers ids which the last one does not, and the look can tell
// that the transactions below that one have ended: an outbox to which nobody writes costs none.
func (l *look) learned() (columns string, args []any) {
	if !l.asks {
		return "NULL, NULL", nil
	}
	const number = "CAST(CAST(%s AS text) AS bigint)"
	oldest, next, open := fmt.Sprintf(number, "pg_snapshot_xmin(s)"), fmt.Sprintf(number, "pg_snapshot_xmax(s)"), fmt.Sprintf(number, "pg_current_xact_id()")
	return fmt.Sprintf("(SELECT json_agg(id) FROM (SELECT id FROM page WHERE id <= ? ORDER BY id LIMIT %d) w), ", leftMost+1) +
			"(SELECT json_build_array(" + oldest + ", " + next + ", CASE WHEN ? AND " + oldest + " >= ? AND greatest(?, (SELECT max(id) FROM page)) > ? THEN " + open + " END)" +
			" FROM pg_current_snapshot() s)",
		[]any{l.known.last, l.pages == 0 && l.after <= l.known.sure, l.known.open, l.known.last, l.known.next}
}

// learn reads them; both are nil if nobody has asked.
func (p *outboxPart) learn(ids, numbers *string) error {
	if numbers == nil {
		return nil
	}
	if ids != nil {
		if err := json.Unmarshal([]byte(*ids), &p.ids); err != nil {
			return err
		}
	}
	var three [3]int64 // the last one may be null
	err := json.Unmarshal([]byte(*numbers), &three)
	p.snapshot = snapshot{oldest: three[0], next: three[1], open: three[2]}
	return err
}
