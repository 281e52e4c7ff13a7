package endtoend_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// fullWorld is one whose timelines hold three items, and hold posts 2 to 4.
func fullWorld(t *testing.T, s world.Setup) (*world.World, *world.Faulty) {
	store := world.NewFaulty()
	s.Store = store
	s.Engine = fullEngine()
	w := world.New(t, s)
	for i := 2; i <= 4; i++ {
		w.Must(w.DB.Create(&world.Post{ID: uint(i), AuthorID: 1, Published: true, CreatedAt: world.At(10 + i)}).Error)
	}
	w.Drain()
	return w, store
}

// apart is another process, with an engine of its own.
func apart(w *world.World, store driver.Store, options *timakgorm.Options) *world.World {
	w.Helper()
	other := &world.World{TB: w.TB, Dialect: w.Dialect, DSN: w.DSN, Timelines: timak.New(store, fullEngine())}
	other.DB = world.OpenDSN(w.TB, w.Dialect, w.DSN, nil)
	other.Use(options)
	return other
}

func fullEngine() *timak.Options {
	return &timak.Options{MaxItems: 3, TombstoneTTL: time.Hour, Logger: slog.New(slog.DiscardHandler)}
}

// wantFull checks that nothing of post 1 is to be seen, as it belongs behind the
// three others.
func wantFull(w *world.World) {
	w.Helper()
	w.WantIDs("author:1:posts", "posts:4", "posts:3", "posts:2")
	if n := w.Dead(); n != 0 {
		w.Errorf("%d dead letters, want none", n)
	}
}

// redate gives post 1 a date before those of all others.
func redate(w *world.World, db *gorm.DB) {
	w.Helper()
	w.Must(db.Model(&world.Post{ID: 1}).Update("created_at", world.At(1)).Error)
}

// TestLateRetry: a dead letter that is retried does not bring back an item which
// a later change has made fall off.
func TestLateRetry(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := fullWorld(t, world.Setup{Dialect: dialect})
		store.SetBefore(world.FailingPuts("", driver.ErrTooLarge))
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(50)}).Error)
		w.Drain()
		store.SetBefore(nil)
		letters := w.Letters(timakgorm.DeadLetterQuery{})
		if len(letters) != 1 {
			t.Fatalf("got %d dead letters, want 1", len(letters))
		}
		redate(w, w.DB)
		w.Drain()
		w.Must(w.Plugin.Retry(t.Context(), letters[0].ID))
		wantFull(w)
	})
}

// TestLatePutOff: a change that was put off comes with the next one of its row,
// and not after it.
func TestLatePutOff(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := fullWorld(t, world.Setup{Dialect: dialect, Options: world.Quick()})
		stop := w.Run()
		store.SetBefore(world.Failing("author:1:posts", driver.ErrUnavailable))
		w.Must(w.DB.Create(&[]world.Post{
			{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(50)},
			{ID: 9, AuthorID: 7, Published: true, CreatedAt: world.At(9)},
		}).Error)
		w.Await("the change to be put off", func() bool { changes := w.Changes(); return len(changes) == 1 && changes[0].RunAt > 0 })
		stop()
		w.Must(w.DB.Model(&world.OutboxRow{}).Where("1 = 1").Update("run_at", time.Now().Add(time.Hour).UnixMicro()).Error)
		store.SetBefore(nil)
		redate(w, w.DB)
		stop = w.Run()
		w.AwaitRelay() // and not in an hour
		stop()
		wantFull(w)
	})
}

// TestLateRelay: what a slow relay is about to write when another program has
// delivered a later change of the row does not bring back the item.
func TestLateRelay(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := fullWorld(t, world.Setup{Dialect: dialect, Options: world.Quick()})
		deliverer := apart(w, store, world.OnCommit())
		hung, release := hangFirst(store, "author:1:posts")
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(50)}).Error)
		stop := w.Run()
		<-hung
		redate(w, deliverer.DB)
		close(release)
		w.AwaitRelay()
		stop()
		wantFull(w)
	})
}

// TestLateBesideAnew: nor when the row was recorded anew since.
func TestLateBesideAnew(t *testing.T) {
	t.Parallel()
	w, store := fullWorld(t, world.Setup{Dialect: "postgres", Options: world.Quick()})
	hung, release := hangFirst(store, "author:1:posts")
	w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(50)}).Error)
	stop := w.Run()
	<-hung
	// The row takes its date unseen. A change of two hours ago, of before the
	// horizon, has it recorded anew by another.
	w.Must(w.DB.Exec("DELETE FROM timak_outbox").Error)
	plain, err := w.DB.DB()
	w.Must(err)
	_, err = plain.ExecContext(t.Context(), "UPDATE posts SET created_at = $1 WHERE id = 1", world.At(1))
	w.Must(err)
	old, image := time.Now().Add(-2*time.Hour).UnixMicro(), `{"id": 1, "author_id": 1, "title": "", "published": true, "created_at": "2020-01-01T00:00:00Z"}`
	other := apart(w, store, nil)
	for _, key := range []string{"author:1:posts", "site:posts"} {
		_, err := other.Timelines.Apply(t.Context(), key, timak.RemoveEntry("other", "").WithVersion(old+time.Minute.Microseconds()))
		w.Must(err)
	}
	w.Replay(world.OutboxRow{Tbl: "posts", Pk: "[1]", Version: old, New: &image})
	other.Drain()
	stats, err := other.Plugin.Stats(t.Context())
	w.Must(err)
	if stats.Anew != 1 {
		t.Errorf("%d changes were recorded anew, want 1", stats.Anew)
	}
	close(release)
	w.AwaitRelay()
	stop()
	wantFull(w)
}

// hangFirst has the first call on a key wait for its release.
func hangFirst(store *world.Faulty, key string) (hung <-chan struct{}, release chan<- struct{}) {
	var n atomic.Int64
	begun, end := make(chan struct{}), make(chan struct{})
	store.SetBefore(func(_ context.Context, call drivertest.Call) error {
		if call.Key == key && n.Add(1) == 1 {
			close(begun)
			<-end
		}
		return nil
	})
	return begun, end
}
