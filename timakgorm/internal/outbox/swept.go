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
// none; nil never remembers any.
//
// Postgres keeps deleted rows for as long as a transaction may see them, such as a dump, a
// report, or one that nobody has ended. A look that begins at the first id reads them all.
// So a look begins where, to the program's knowledge, something is. From time to time one
// begins farther back, as far as what it reads there in vain takes little of the time.
type Swept struct {
	mu    sync.Mutex
	known sweep
	lazy  bool         // the last look began behind sweep.sure
	due   [2]time.Time // the next looks of depth whole and sure
}

// depth is how far back a look begins.
type depth int

const (
	whole depth = iota // at the first id
	sure               // behind the ids below which nothing comes any more
	late               // behind those below which something may still be committed
)

// share is which part of the time looks of depth whole and sure may take at most, one in so
// many, unless they take little: less than lookTime, and rowTime for each row.
var share = [...]time.Duration{whole: 50, sure: 20}

const (
	lookTime = 2 * time.Millisecond
	rowTime  = 20 * time.Microsecond
)

// look is one look at the outbox, which may take several pages.
type look struct {
	span

	depth depth
	asks  bool      // for what Swept remembers
	upTo  int64     // of the changes up to this id
	begun time.Time // when it asks
	pages int
	took  time.Duration // by the first page
	rows  int64         // on the first page
	sight sight
}

// newLook begins a look.
func (o *Outbox) newLook(which Selection) *look {
	if s := o.Swept; s != nil && o.dialect.Lock && which.After == 0 {
		return s.newLook(which.Quick)
	}
	return &look{span: span{after: which.After}}
}

func (s *Swept) newLook(quick bool) *look {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &look{asks: true, upTo: s.known.last, begun: time.Now()}
	if quick && l.begun.Before(s.due[whole]) {
		l.depth, l.after = sure, s.known.sure
		if l.begun.Before(s.due[sure]) && s.known.seen > s.known.sure {
			l.depth, l.after = late, s.known.seen
		}
		n, _ := slices.BinarySearch(s.known.left, l.after+1)
		l.ids = s.known.left[:n]
	}
	return l
}

// met notes a page of the look.
func (l *look) met(page outboxPart) {
	if l.pages++; l.pages == 1 {
		l.took, l.rows = time.Since(l.begun), page.rows
		l.sight = sight{after: l.after, ids: page.ids, end: math.MaxInt64, snapshot: page.snapshot}
		if page.more {
			l.sight.end = page.last
		}
	}
	l.sight.last, l.sight.next = max(l.sight.last, page.last), page.next
}

// learn ends a look.
func (s *Swept) learn(l *look) {
	if !l.asks {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.lazy = s.known.after(l.sight), l.depth == late
	if l.depth == late {
		return
	}
	s.due[l.depth] = time.Time{}
	if l.took > lookTime+time.Duration(l.rows)*rowTime {
		s.due[l.depth] = time.Now().Add(share[l.depth] * l.took)
	}
}

// Until returns how long a program may rest that has found nothing more to do, at most d.
func (s *Swept) Until(d time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lazy {
		return d
	}
	return min(d, max(time.Until(s.due[sure]), 0))
}

// surely returns the id up to which no change comes any more.
func (s *Swept) surely() int64 {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known.sure
}

// learns is what a query of a page returns for Swept: two JSON arrays, of the first
// leftMost+1 ids on the page that are up to a parameter, and of its snapshot.
var learns = fmt.Sprintf(`(SELECT json_agg(id) FROM (SELECT id FROM page WHERE id <= ? ORDER BY id LIMIT %d) w),
	(SELECT json_build_array(CAST(CAST(pg_snapshot_xmin(s) AS text) AS bigint), CAST(CAST(pg_snapshot_xmax(s) AS text) AS bigint)) FROM pg_current_snapshot() s)`, leftMost+1)

// learnt reads them.
func (p *outboxPart) learnt(ids, seen *string) error {
	var numbers [2]int64
	if ids != nil {
		if err := json.Unmarshal([]byte(*ids), &p.ids); err != nil {
			return err
		}
	}
	if seen != nil {
		if err := json.Unmarshal([]byte(*seen), &numbers); err != nil {
			return err
		}
	}
	p.snapshot = snapshot{oldest: numbers[0], next: numbers[1]}
	return nil
}
