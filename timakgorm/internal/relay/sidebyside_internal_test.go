package relay

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"
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

// Looks leave at least half of a pool to others.
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
		for reader := range readers {
			for source := range sources {
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
