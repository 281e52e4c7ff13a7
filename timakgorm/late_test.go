package timakgorm_test

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
)

// fullWorld is one whose timelines hold three items, and hold posts 2 to 4.
func fullWorld(t *testing.T, s setup) (*world, *faulty) {
	store := newFaulty()
	s.store = store
	s.engine = fullEngine()
	w := newWorld(t, s)
	for i := 2; i <= 4; i++ {
		w.must(w.db.Create(&Post{ID: uint(i), AuthorID: 1, Published: true, CreatedAt: at(10 + i)}).Error)
	}
	w.drain()
	return w, store
}

// apart is another process, with an engine of its own.
func (w *world) apart(store driver.Store, options *timakgorm.Options) *world {
	w.Helper()
	other := &world{TB: w.TB, dialect: w.dialect, dsn: w.dsn, timelines: timak.New(store, fullEngine())}
	other.db = openDSN(w.TB, w.dialect, w.dsn, nil)
	other.use(options)
	return other
}

func fullEngine() *timak.Options {
	return &timak.Options{MaxItems: 3, TombstoneTTL: time.Hour, Logger: slog.New(slog.DiscardHandler)}
}

// wantFull checks that nothing of post 1 is to be seen, as it belongs behind the
// three others.
func (w *world) wantFull() {
	w.Helper()
	w.wantIDs("author:1:posts", "posts:4", "posts:3", "posts:2")
	if n := w.dead(); n != 0 {
		w.Errorf("%d dead letters, want none", n)
	}
}

// redate gives post 1 a date before those of all others.
func (w *world) redate(db *gorm.DB) {
	w.Helper()
	w.must(db.Model(&Post{ID: 1}).Update("created_at", at(1)).Error)
}

// TestLateRetry: a dead letter that is retried does not bring back an item which
// a later change has made fall off.
func TestLateRetry(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w, store := fullWorld(t, setup{dialect: dialect})
		store.before(failingPuts("", driver.ErrTooLarge))
		w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: at(50)}).Error)
		w.drain()
		store.before(nil)
		letters := w.letters(timakgorm.DeadLetterQuery{})
		if len(letters) != 1 {
			t.Fatalf("got %d dead letters, want 1", len(letters))
		}
		w.redate(w.db)
		w.drain()
		w.must(w.plugin.Retry(t.Context(), letters[0].ID))
		w.wantFull()
	})
}

// TestLatePutOff: a change that was put off comes with the next one of its row,
// and not after it.
func TestLatePutOff(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w, store := fullWorld(t, setup{dialect: dialect, options: quick()})
		stop := w.run()
		store.before(failing("author:1:posts", driver.ErrUnavailable))
		w.must(w.db.Create(&[]Post{
			{ID: 1, AuthorID: 1, Published: true, CreatedAt: at(50)},
			{ID: 9, AuthorID: 7, Published: true, CreatedAt: at(9)},
		}).Error)
		w.await("the change to be put off", func() bool { changes := w.changes(); return len(changes) == 1 && changes[0].RunAt > 0 })
		stop()
		w.must(w.db.Model(&outboxRow{}).Where("1 = 1").Update("run_at", time.Now().Add(time.Hour).UnixMicro()).Error)
		store.before(nil)
		w.redate(w.db)
		stop = w.run()
		w.awaitRelay() // and not in an hour
		stop()
		w.wantFull()
	})
}

// TestLateRelay: what a slow relay is about to write when another program has
// delivered a later change of the row does not bring back the item.
func TestLateRelay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w, store := fullWorld(t, setup{dialect: dialect, options: quick()})
		deliverer := w.apart(store, onCommit())
		hung, release := hangFirst(store, "author:1:posts")
		w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: at(50)}).Error)
		stop := w.run()
		<-hung
		w.redate(deliverer.db)
		close(release)
		w.awaitRelay()
		stop()
		w.wantFull()
	})
}

// TestLateBesideAnew: nor when the row was recorded anew since.
func TestLateBesideAnew(t *testing.T) {
	t.Parallel()
	w, store := fullWorld(t, setup{dialect: "postgres", options: quick()})
	hung, release := hangFirst(store, "author:1:posts")
	w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: at(50)}).Error)
	stop := w.run()
	<-hung
	// The row takes its date unseen. A change of two hours ago, of before the
	// horizon, has it recorded anew by another.
	w.must(w.db.Exec("DELETE FROM timak_outbox").Error)
	plain, err := w.db.DB()
	w.must(err)
	_, err = plain.ExecContext(t.Context(), "UPDATE posts SET created_at = $1 WHERE id = 1", at(1))
	w.must(err)
	old, image := time.Now().Add(-2*time.Hour).UnixMicro(), `{"id": 1, "author_id": 1, "title": "", "published": true, "created_at": "2020-01-01T00:00:00Z"}`
	other := w.apart(store, nil)
	for _, key := range []string{"author:1:posts", "site:posts"} {
		_, err := other.timelines.Apply(t.Context(), key, timak.RemoveEntry("other", "").WithVersion(old+time.Minute.Microseconds()))
		w.must(err)
	}
	w.replay(outboxRow{Tbl: "posts", Pk: "[1]", Version: old, New: &image})
	other.drain()
	stats, err := other.plugin.Stats(t.Context())
	w.must(err)
	if stats.Anew != 1 {
		t.Errorf("%d changes were recorded anew, want 1", stats.Anew)
	}
	close(release)
	w.awaitRelay()
	stop()
	w.wantFull()
}

// hangFirst has the first call on a key wait for its release.
func hangFirst(store *faulty, key string) (hung <-chan struct{}, release chan<- struct{}) {
	var n atomic.Int64
	begun, end := make(chan struct{}), make(chan struct{})
	store.before(func(_ context.Context, call drivertest.Call) error {
		if call.Key == key && n.Add(1) == 1 {
			close(begun)
			<-end
		}
		return nil
	})
	return begun, end
}
