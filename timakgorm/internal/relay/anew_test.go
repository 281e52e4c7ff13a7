package relay_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestAnewBesideLock: a row that is to be recorded anew, and that a transaction
// has locked for long, delays no other row and is recorded in the end.
func TestAnewBesideLock(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{
		Dialect: "postgres", Options: &timakgorm.Options{Poll: 10 * time.Millisecond}, Engine: &timak.Options{TombstoneTTL: time.Hour},
	})
	// The timelines forget what is older than an hour; so do these changes.
	for id := range uint(3) {
		w.Must(w.DB.Create(&world.Post{ID: 1 + id, AuthorID: 1, Published: true, CreatedAt: world.At(int(id))}).Error)
	}
	old := time.Now().Add(-2 * time.Hour).UnixMicro()
	w.Must(w.DB.Model(&world.OutboxRow{}).Where("1 = 1").Update("version", old).Error)
	for _, key := range []string{"author:1:posts", "site:posts"} {
		_, err := w.Timelines.Apply(t.Context(), key, timak.RemoveEntry("other", "").WithVersion(old+time.Minute.Microseconds()))
		w.Must(err)
	}
	tx := w.DB.Begin()
	w.Must(tx.Error)
	w.Must(tx.Model(&world.Post{ID: 2}).Update("title", "idle").Error)
	stop := w.Run()
	w.Await("the other rows", func() bool { return len(w.IDs("author:1:posts")) == 2 })
	w.Must(tx.Rollback().Error)
	w.AwaitRelay()
	stop()
	w.Check()
	stats, err := w.Plugin.Stats(t.Context())
	w.Must(err)
	if stats.Anew != 3 {
		t.Errorf("%d changes were recorded anew, want 3", stats.Anew)
	}
}

// TestAnewOfFastClock: where the horizon of a timeline is ahead of the database's
// clock, a change is recorded anew beyond it, and not over and over until the
// clock is there.
func TestAnewOfFastClock(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Options: world.Quick(), Engine: &timak.Options{
			Clock: func() time.Time { return time.Now().Add(time.Hour) },
		}})
		_, err := store.Memory.Put(t.Context(), "author:1:posts", []byte("damaged"), nil)
		w.Must(err)
		_, err = w.Timelines.Salvage(t.Context(), "author:1:posts")
		w.Must(err)
		stop := w.Run()
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(1)}).Error)
		w.AwaitRelay()
		stop()
		if got := w.IDs("author:1:posts"); len(got) != 1 {
			t.Errorf("got %v, want the post", got)
		}
		stats, err := w.Plugin.Stats(t.Context())
		w.Must(err)
		if stats.Anew != 2 {
			t.Errorf("one change was recorded anew %d times, want twice", stats.Anew)
		}
		w.Must(w.DB.Model(&world.Post{ID: 1}).Update("author_id", 2).Error)
		w.Check()
	})
}
