package timakgorm_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm"
)

// letters returns the dead letters of a query.
func (w *world) letters(query timakgorm.DeadLetterQuery) []timakgorm.DeadLetter {
	w.Helper()
	letters, err := w.plugin.DeadLetters(w.Context(), query)
	w.must(err)
	return letters
}

func idsOf(letters []timakgorm.DeadLetter) []int64 {
	ids := []int64{}
	for _, letter := range letters {
		ids = append(ids, letter.ID)
	}
	return ids
}

// refuseAuthor1 makes the changes of some posts of author 1 dead letters.
func refuseAuthor1(t *testing.T, dialect string, engine *timak.Options, posts int) (*world, *faulty) {
	t.Helper()
	store := newFaulty()
	w := newWorld(t, setup{dialect: dialect, store: store, engine: engine})
	store.before(failingPuts("author:1:posts", driver.ErrTooLarge))
	for i := range posts {
		w.must(w.db.Create(&Post{ID: uint(i + 1), AuthorID: 1, Title: fmt.Sprint("t", i), Published: true, CreatedAt: at(i)}).Error)
	}
	w.drain()
	store.before(nil)
	if n := w.dead(); n != int64(posts) {
		t.Fatalf("%d dead letters, want %d", n, posts)
	}
	return w, store
}

// TestDeadLetters: they can be looked at, page by page and by table.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		begin := time.Now().Add(-time.Minute)
		w, _ := refuseAuthor1(t, dialect, nil, 5)
		all := w.letters(timakgorm.DeadLetterQuery{})
		if len(all) != 5 {
			t.Fatalf("got %d, want 5", len(all))
		}
		first := all[0]
		if first.Table != "posts" || string(first.PK) != "[1]" || first.Old != nil || !strings.Contains(string(first.New), `"t0"`) ||
			!strings.Contains(first.Error, driver.ErrTooLarge.Error()) || first.DiedAt.Before(begin) || first.DiedAt.After(time.Now().Add(time.Minute)) ||
			first.Version < begin.UnixMicro() {
			t.Errorf("got %+v", first)
		}
		var paged []int64
		query := timakgorm.DeadLetterQuery{Table: "posts", Limit: 2}
		for page := w.letters(query); len(page) > 0; page = w.letters(query) {
			if len(page) > 2 {
				t.Errorf("a page of %d, want 2", len(page))
			}
			paged = append(paged, idsOf(page)...)
			query.After = page[len(page)-1].ID
		}
		if !slices.Equal(paged, idsOf(all)) {
			t.Errorf("pages: got %v, want %v", paged, idsOf(all))
		}
		if others := w.letters(timakgorm.DeadLetterQuery{Table: "others"}); len(others) > 0 {
			t.Errorf("of another table: got %v", others)
		}
		for _, limit := range []int{-1, 10_001} {
			if _, err := w.plugin.DeadLetters(t.Context(), timakgorm.DeadLetterQuery{Limit: limit}); err == nil {
				t.Errorf("limit %d: got no error", limit)
			}
		}
	})
}

// TestRetryDeadLetters: those that are put back are applied once the timeline
// takes them; those that are discarded are gone. Of unknown ids nothing is done.
func TestRetryDeadLetters(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w, store := refuseAuthor1(t, dialect, nil, 4)
		ids := idsOf(w.letters(timakgorm.DeadLetterQuery{}))
		for name, do := range map[string]func(...int64) error{
			"retry":   func(ids ...int64) error { return w.plugin.Retry(t.Context(), ids...) },
			"discard": func(ids ...int64) error { return w.plugin.Discard(t.Context(), ids...) },
		} {
			err := do(ids[0], ids[1], 1_000_000)
			if !errors.Is(err, timakgorm.ErrNoDeadLetter) || !strings.Contains(err.Error(), "1000000") {
				t.Errorf("%s of an unknown id: got %v, want ErrNoDeadLetter with the id", name, err)
			}
			w.must(do())
		}
		if n := w.dead() + 10*w.outbox(); n != 4 {
			t.Errorf("after that: got %d, want all 4 dead letters and an empty outbox", n)
		}

		store.before(failingPuts("author:1:posts", driver.ErrTooLarge))
		w.must(w.plugin.Retry(t.Context(), ids[1], ids[0], ids[1]))
		w.drain()
		if n := w.dead(); n != 4 {
			t.Errorf("refused again: got %d dead letters, want 4", n)
		}
		store.before(nil)
		ids = idsOf(w.letters(timakgorm.DeadLetterQuery{}))
		w.must(w.plugin.Retry(t.Context(), ids...))
		w.wantIDs("author:1:posts", "posts:4", "posts:3", "posts:2", "posts:1")
		w.check()
		if err := w.plugin.Retry(t.Context(), ids[0]); !errors.Is(err, timakgorm.ErrNoDeadLetter) {
			t.Errorf("twice: got %v, want ErrNoDeadLetter", err)
		}
	})
	onBoth(t, func(t *testing.T, dialect string) {
		w, _ := refuseAuthor1(t, dialect, nil, 2)
		ids := idsOf(w.letters(timakgorm.DeadLetterQuery{}))
		w.must(w.plugin.Discard(t.Context(), ids[0]))
		w.must(w.plugin.Retry(t.Context(), ids[1]))
		w.wantIDs("author:1:posts", "posts:2")
	})
}

// TestRetryOldDeadLetters: one whose row has changed since undoes nothing of
// that, not even long after the later changes have been forgotten.
func TestRetryOldDeadLetters(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for _, forgotten := range []bool{false, true} {
			var ahead atomic.Int64
			engine := &timak.Options{TombstoneTTL: time.Hour, Clock: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }}
			w, _ := refuseAuthor1(t, dialect, engine, 5)
			ids := idsOf(w.letters(timakgorm.DeadLetterQuery{}))
			w.must(w.db.Model(&Post{ID: 1}).Update("author_id", 2).Error)
			w.must(w.db.Delete(&Post{}, 2).Error)
			w.must(w.db.Unscoped().Delete(&Post{}, 3).Error)
			w.must(w.db.Model(&Post{ID: 4}).Updates(map[string]any{"title": "later", "created_at": at(-4)}).Error)
			w.drain()
			if forgotten {
				ahead.Store(int64(48 * time.Hour))
				w.must(w.db.Create(&Post{ID: 9, AuthorID: 1, Published: true, CreatedAt: at(9)}).Error)
				w.must(w.db.Delete(&Post{ID: 9}).Error)
				w.drain()
			}
			w.must(w.plugin.Retry(t.Context(), ids...))
			if w.check(); t.Failed() {
				t.Fatalf("forgotten %t", forgotten)
			}
		}
	})
}

// TestDamagedStore: a store that has found damage is away, and its changes are
// not: they wait for it to be mended, however long.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		store := newFaulty()
		w := newWorld(t, setup{dialect: dialect, store: store})
		store.before(failingPuts("author:1:posts", fmt.Errorf("page 7: %w", boltstore.ErrDamaged)))
		w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true}).Error)
		w.must(w.db.Create(&Post{ID: 2, AuthorID: 2, Published: true}).Error)
		stop := w.run()
		w.await("one change to be put off", func() bool {
			changes := w.changes()
			return len(changes) == 1 && changes[0].RunAt > 0
		})
		stop()
		if change := w.changes()[0]; change.Attempts != 0 {
			t.Errorf("%d tries were counted", change.Attempts)
		}
		store.before(nil)
		w.check()
	})
}
