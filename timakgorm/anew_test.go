package timakgorm_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// TestAnewBesideLock: a row that is to be recorded anew, and that a transaction
// has locked for long, delays no other row and is recorded in the end.
func TestAnewBesideLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{
		dialect: "postgres", options: &timakgorm.Options{Poll: 10 * time.Millisecond}, engine: &timak.Options{TombstoneTTL: time.Hour},
	})
	// The timelines forget what is older than an hour; so do these changes.
	for id := range uint(3) {
		w.must(w.db.Create(&Post{ID: 1 + id, AuthorID: 1, Published: true, CreatedAt: at(int(id))}).Error)
	}
	old := time.Now().Add(-2 * time.Hour).UnixMicro()
	w.must(w.db.Model(&outboxRow{}).Where("1 = 1").Update("version", old).Error)
	for _, key := range []string{"author:1:posts", "site:posts"} {
		_, err := w.timelines.Apply(t.Context(), key, timak.RemoveEntry("other", "").WithVersion(old+time.Minute.Microseconds()))
		w.must(err)
	}
	tx := w.db.Begin()
	w.must(tx.Error)
	w.must(tx.Model(&Post{ID: 2}).Update("title", "idle").Error)
	stop := w.run()
	w.await("the other rows", func() bool { return len(w.ids("author:1:posts")) == 2 })
	w.must(tx.Rollback().Error)
	w.awaitRelay()
	stop()
	w.check()
	stats, err := w.plugin.Stats(t.Context())
	w.must(err)
	if stats.Anew != 3 {
		t.Errorf("%d changes were recorded anew, want 3", stats.Anew)
	}
}

// TestAnewOfFastClock: where the horizon of a timeline is ahead of the database's
// clock, a change is recorded anew beyond it, and not over and over until the
// clock is there.
func TestAnewOfFastClock(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		store := newFaulty()
		w := newWorld(t, setup{dialect: dialect, store: store, options: quick(), engine: &timak.Options{
			Clock: func() time.Time { return time.Now().Add(time.Hour) },
		}})
		_, err := store.memory.Put(t.Context(), "author:1:posts", []byte("damaged"), nil)
		w.must(err)
		_, err = w.timelines.Salvage(t.Context(), "author:1:posts")
		w.must(err)
		stop := w.run()
		w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: at(1)}).Error)
		w.awaitRelay()
		stop()
		if got := w.ids("author:1:posts"); len(got) != 1 {
			t.Errorf("got %v, want the post", got)
		}
		stats, err := w.plugin.Stats(t.Context())
		w.must(err)
		if stats.Anew != 2 {
			t.Errorf("one change was recorded anew %d times, want twice", stats.Anew)
		}
		w.must(w.db.Model(&Post{ID: 1}).Update("author_id", 2).Error)
		w.check()
	})
}
