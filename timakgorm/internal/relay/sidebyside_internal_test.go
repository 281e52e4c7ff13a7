package relay

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// relayWith returns a relay with a pool of so many connections at most; 0: without a bound.
func relayWith(t *testing.T, d dialect.Dialect, connections int) *Relay {
	t.Helper()
	pool, err := sql.Open("pgx", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	pool.SetMaxOpenConns(connections)
	return &Relay{tables: &dialect.Tables{Dialect: d}, opts: Options{DB: func() (*sql.DB, error) { return pool, nil }}}
}

// Looks take less than half of a pool, but one connection at least.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	for connections, want := range map[int]int{0: 4, 1: 1, 2: 1, 4: 1, 6: 2, 10: 4, 100: 4} {
		if got := relayWith(t, dialect.Postgres, connections).sideBySide(); got != want {
			t.Errorf("of %d connections, %d are for looks; want %d", connections, got, want)
		}
	}
	if got := relayWith(t, dialect.SQLite, 0).sideBySide(); got != 1 {
		t.Errorf("with SQLite, %d looks are taken side by side, want 1", got)
	}
}

// looked is what a test of looks has seen.
type looked struct {
	mu    sync.Mutex
	now   map[string]int // looks at a source
	most  int            // at once
	twice bool           // at the same source
	times map[string]int
}

func (l *looked) begin(source string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now[source] > 0 {
		l.twice = true
	}
	l.now[source]++
	l.times[source]++
	n := 0
	for _, at := range l.now {
		n += at
	}
	l.most = max(l.most, n)
}

func (l *looked) end(source string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now[source]--
}

// Sources are looked at side by side, each by one look at a time. One that writers hold is
// left alone, and the others are not.
func TestLooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const sources, readers = 20, 30
		var all []*settled
		for source := range sources {
			for reader := range readers {
				all = append(all, &settled{one: model.Subscribed{Key: fmt.Sprint("reader:", reader), Source: fmt.Sprint("author:", source)}})
			}
		}
		s := &settling{batch: &batch{relay: relayWith(t, dialect.Postgres, 0)}, busy: map[audience.Source]error{}, mostBusy: 2}
		seen := &looked{now: map[string]int{}, times: map[string]int{}}
		locked := &pgconn.PgError{Code: "55P03"}
		s.look(all, func(one *settled) error {
			seen.begin(one.one.Source)
			defer seen.end(one.one.Source)
			time.Sleep(time.Millisecond)
			if one.one.Source == "author:7" {
				return locked
			}
			return nil
		})
		if seen.most != looksAtOnce || seen.twice {
			t.Errorf("%d looks at once, two at the same source: %v; want %d, false", seen.most, seen.twice, looksAtOnce)
		}
		for _, one := range all {
			if wrong := one.one.Source == "author:7"; errors.Is(one.err, locked) != wrong {
				t.Errorf("%v: got the error %v", one.one, one.err)
			}
		}
		for source, times := range seen.times {
			if want := map[bool]int{true: 1, false: readers}[source == "author:7"]; times != want {
				t.Errorf("%s was looked at %d times, want %d", source, times, want)
			}
		}
	})
}

// If a batch ends too soon for all looks, the first row is done at least, or ten that fit if
// looks are taken one after the other: else rows that have several sources would begin again
// for ever.
func TestLooks_firstRows(t *testing.T) {
	t.Parallel()
	for connections, want := range map[int]int{1: 10, 6: 1, 0: 1} {
		const rows, sources = 200, 7
		var all []*settled
		for row := range rows {
			for source := range sources {
				all = append(all, &settled{one: model.Subscribed{Key: fmt.Sprint("reader:", row), Source: fmt.Sprint("author:", source)}})
			}
		}
		s := &settling{batch: &batch{relay: relayWith(t, dialect.Postgres, connections)}, busy: map[audience.Source]error{}, mostBusy: settleBusy}
		s.look(all, func(*settled) error {
			s.copied(audience.Copy{Bytes: settleBytes / (10*sources - 1)})
			return nil
		})
		done := 0
		for row := range rows {
			if !slices.ContainsFunc(all[row*sources:(row+1)*sources], func(one *settled) bool { return one.err != nil }) {
				done++
			}
		}
		first := !slices.ContainsFunc(all[:sources], func(one *settled) bool { return one.err != nil })
		if done < want || !first {
			t.Errorf("with %d connections: %d rows of %d looks each are done, the first: %v; want %d, and the first", connections, done, sources, first, want)
		}
	}
}

// Where the server refuses connections, looks are taken one after the other; the last one
// has the error.
func TestLooks_noConnection(t *testing.T) {
	t.Parallel()
	refused := &pgconn.PgError{Code: "53300"}
	for most, want := range map[int32]int{2: 0, 1: 0, 0: 50} {
		synctest.Test(t, func(t *testing.T) { // looks that are refused end before the others
			s := &settling{batch: &batch{relay: relayWith(t, dialect.Postgres, 0)}, busy: map[audience.Source]error{}, mostBusy: settleBusy}
			var all []*settled
			for source := range 50 {
				all = append(all, &settled{one: model.Subscribed{Source: fmt.Sprint("author:", source)}})
			}
			var now, looked atomic.Int32
			s.look(all, func(*settled) error {
				defer now.Add(-1)
				if now.Add(1) > most {
					return refused
				}
				time.Sleep(time.Millisecond)
				looked.Add(1)
				return nil
			})
			failed := 0
			for _, one := range all {
				if one.err != nil {
					failed++
				}
			}
			if failed != want || int(looked.Load())+failed != len(all) {
				t.Errorf("with %d connections: %d looks were taken, and %d failed; want %d", most, looked.Load(), failed, want)
			}
		})
	}
}

// A look that is refused when all others are done is not forgotten.
func TestLooks_lastRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := &pgconn.PgError{Code: "53300"}
		s := &settling{batch: &batch{relay: relayWith(t, dialect.Postgres, 0)}, busy: map[audience.Source]error{}, mostBusy: settleBusy}
		all := []*settled{{one: model.Subscribed{Source: "a"}}, {one: model.Subscribed{Source: "b"}}}
		s.look(all, func(one *settled) error {
			if one.one.Source == "a" {
				return nil
			}
			time.Sleep(time.Second)
			return refused
		})
		if all[0].err != nil || !errors.Is(all[1].err, refused) {
			t.Errorf("got %v and %v, want an error for the second", all[0].err, all[1].err)
		}
	})
}

// A panic is an error of the look.
func TestLooks_panic(t *testing.T) {
	t.Parallel()
	s := &settling{batch: &batch{relay: relayWith(t, dialect.Postgres, 0)}, busy: map[audience.Source]error{}, mostBusy: settleBusy}
	all := []*settled{{one: model.Subscribed{Source: "a"}}, {one: model.Subscribed{Source: "b"}}}
	s.look(all, func(one *settled) error {
		if one.one.Source == "a" {
			panic("no reason")
		}
		return nil
	})
	if all[0].err == nil || all[1].err != nil {
		t.Errorf("got %v for the look that panics, and %v for the other", all[0].err, all[1].err)
	}
}

// A batch that has done enough looks at nothing more.
func TestLooks_enough(t *testing.T) {
	t.Parallel()
	s := &settling{batch: &batch{relay: relayWith(t, dialect.Postgres, 0)}, busy: map[audience.Source]error{}, mostBusy: settleBusy}
	var all []*settled
	for source := range 50 {
		all = append(all, &settled{one: model.Subscribed{Source: fmt.Sprint("author:", source)}})
	}
	s.look(all, func(*settled) error {
		s.copied(audience.Copy{Bytes: settleBytes/10 + 1})
		return nil
	})
	left := 0
	for _, one := range all {
		if errors.Is(one.err, errNextBatch) {
			left++
		}
	}
	if done := len(all) - left; done < 10 || done > 10+looksAtOnce {
		t.Errorf("%d looks of a tenth of what is enough were taken", done)
	}
}
