package outbox_test

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
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestDeadLetters: they can be looked at, page by page and by table.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		begin := time.Now().Add(-time.Minute)
		w, _ := world.RefuseAuthor1(t, dialect, nil, 5)
		all := w.Letters(timakgorm.DeadLetterQuery{})
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
		for page := w.Letters(query); len(page) > 0; page = w.Letters(query) {
			if len(page) > 2 {
				t.Errorf("a page of %d, want 2", len(page))
			}
			paged = append(paged, world.IDsOf(page)...)
			query.After = page[len(page)-1].ID
		}
		if !slices.Equal(paged, world.IDsOf(all)) {
			t.Errorf("pages: got %v, want %v", paged, world.IDsOf(all))
		}
		if others := w.Letters(timakgorm.DeadLetterQuery{Table: "others"}); len(others) > 0 {
			t.Errorf("of another table: got %v", others)
		}
		for _, limit := range []int{-1, 10_001} {
			if _, err := w.Plugin.DeadLetters(t.Context(), timakgorm.DeadLetterQuery{Limit: limit}); err == nil {
				t.Errorf("limit %d: got no error", limit)
			}
		}
	})
}

// TestRetryDeadLetters: those that are put back are applied once the timeline
// takes them; those that are discarded are gone. Of unknown ids nothing is done.
func TestRetryDeadLetters(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := world.RefuseAuthor1(t, dialect, nil, 4)
		ids := world.IDsOf(w.Letters(timakgorm.DeadLetterQuery{}))
		for name, do := range map[string]func(...int64) error{
			"retry":   func(ids ...int64) error { return w.Plugin.Retry(t.Context(), ids...) },
			"discard": func(ids ...int64) error { return w.Plugin.Discard(t.Context(), ids...) },
		} {
			err := do(ids[0], ids[1], 1_000_000)
			if !errors.Is(err, timakgorm.ErrNoDeadLetter) || !strings.Contains(err.Error(), "1000000") {
				t.Errorf("%s of an unknown id: got %v, want ErrNoDeadLetter with the id", name, err)
			}
			w.Must(do())
		}
		if n := w.Dead() + 10*w.Outbox(); n != 4 {
			t.Errorf("after that: got %d, want all 4 dead letters and an empty outbox", n)
		}

		store.SetBefore(world.FailingPuts("author:1:posts", driver.ErrTooLarge))
		w.Must(w.Plugin.Retry(t.Context(), ids[1], ids[0], ids[1]))
		w.Drain()
		if n := w.Dead(); n != 4 {
			t.Errorf("refused again: got %d dead letters, want 4", n)
		}
		store.SetBefore(nil)
		ids = world.IDsOf(w.Letters(timakgorm.DeadLetterQuery{}))
		w.Must(w.Plugin.Retry(t.Context(), ids...))
		w.WantIDs("author:1:posts", "posts:4", "posts:3", "posts:2", "posts:1")
		w.Check()
		if err := w.Plugin.Retry(t.Context(), ids[0]); !errors.Is(err, timakgorm.ErrNoDeadLetter) {
			t.Errorf("twice: got %v, want ErrNoDeadLetter", err)
		}
	})
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, _ := world.RefuseAuthor1(t, dialect, nil, 2)
		ids := world.IDsOf(w.Letters(timakgorm.DeadLetterQuery{}))
		w.Must(w.Plugin.Discard(t.Context(), ids[0]))
		w.Must(w.Plugin.Retry(t.Context(), ids[1]))
		w.WantIDs("author:1:posts", "posts:2")
	})
}

// TestRetryOldDeadLetters: one whose row has changed since undoes nothing of
// that, not even long after the later changes have been forgotten.
func TestRetryOldDeadLetters(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, forgotten := range []bool{false, true} {
			var ahead atomic.Int64
			engine := &timak.Options{TombstoneTTL: time.Hour, Clock: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }}
			w, _ := world.RefuseAuthor1(t, dialect, engine, 5)
			ids := world.IDsOf(w.Letters(timakgorm.DeadLetterQuery{}))
			w.Must(w.DB.Model(&world.Post{ID: 1}).Update("author_id", 2).Error)
			w.Must(w.DB.Delete(&world.Post{}, 2).Error)
			w.Must(w.DB.Unscoped().Delete(&world.Post{}, 3).Error)
			w.Must(w.DB.Model(&world.Post{ID: 4}).Updates(map[string]any{"title": "later", "created_at": world.At(-4)}).Error)
			w.Drain()
			if forgotten {
				ahead.Store(int64(48 * time.Hour))
				w.Must(w.DB.Create(&world.Post{ID: 9, AuthorID: 1, Published: true, CreatedAt: world.At(9)}).Error)
				w.Must(w.DB.Delete(&world.Post{ID: 9}).Error)
				w.Drain()
			}
			w.Must(w.Plugin.Retry(t.Context(), ids...))
			if w.Check(); t.Failed() {
				t.Fatalf("forgotten %t", forgotten)
			}
		}
	})
}

// TestDamagedStore: a store that has found damage is away, and its changes are
// not: they wait for it to be mended, however long.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		store.SetBefore(world.FailingPuts("author:1:posts", fmt.Errorf("page 7: %w", boltstore.ErrDamaged)))
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
		w.Must(w.DB.Create(&world.Post{ID: 2, AuthorID: 2, Published: true}).Error)
		stop := w.Run()
		w.Await("one change to be put off", func() bool {
			changes := w.Changes()
			return len(changes) == 1 && changes[0].RunAt > 0
		})
		stop()
		if change := w.Changes()[0]; change.Attempts != 0 {
			t.Errorf("%d tries were counted", change.Attempts)
		}
		store.SetBefore(nil)
		w.Check()
	})
}
