package audience_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestFeeds_lateCommit: a story whose version was drawn before its reader unsubscribed,
// and that is committed after the subscription came back and copied what there was.
func TestFeeds_lateCommit(t *testing.T) {
	t.Parallel()
	world.PostgresOverStoresByBoth(t, func(t *testing.T, s world.Setup, by timakgorm.Capture) {
		w := feedsOver(t, s, by)
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.Drain()
		slow := w.DB.Begin()
		w.Must(slow.Create(story(1, 1)).Error)
		w.Must(w.DB.Unscoped().Delete(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.Drain()
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.Drain()
		w.Must(slow.Commit().Error)
		w.WantIDs(home(7), "stories:1")
	})
}

// TestFeeds_lateUnsubscribe: an unsubscription whose version was drawn before stories
// that were relayed before it is committed removes them too.
func TestFeeds_lateUnsubscribe(t *testing.T) {
	t.Parallel()
	world.PostgresOverStoresByBoth(t, func(t *testing.T, s world.Setup, by timakgorm.Capture) {
		w := feedsOver(t, s, by)
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.Drain()
		slow := w.DB.Begin()
		w.Must(slow.Unscoped().Delete(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.Must(w.DB.Create(story(1, 1)).Error)
		w.WantIDs(home(7), "stories:1")
		w.Must(slow.Commit().Error)
		w.WantIDs(home(7))
	})
}

// TestFeeds_deleteUnderWay: a delete that is not committed when a new subscription
// copies the story wins, whichever is relayed first.
func TestFeeds_deleteUnderWay(t *testing.T) {
	t.Parallel()
	world.PostgresOverStoresByBoth(t, func(t *testing.T, s world.Setup, by timakgorm.Capture) {
		w := feedsOver(t, s, by)
		w.Must(w.DB.Create(story(1, 1)).Error)
		w.Drain()
		slow := w.DB.Begin()
		w.Must(slow.Delete(&Story{ID: 1}).Error)
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		drained := make(chan struct{})
		go func() { // which waits for the story's row
			defer close(drained)
			w.Drain()
		}()
		w.Await("the relay to wait for the row", func() bool {
			var waits int
			w.Must(w.DB.Raw("SELECT count(*) FROM timak_outbox WHERE error LIKE '%has locked rows%'").Scan(&waits).Error)
			return waits > 0
		})
		w.Must(slow.Commit().Error)
		<-drained
		w.WantIDs(home(7))
	})
}

// TestFeeds_absent: what happens to stories while their reader does not subscribe has
// happened when the subscription is back, even if the relay never saw it gone.
func TestFeeds_absent(t *testing.T) {
	t.Parallel()
	world.OverStoresByBoth(t, func(t *testing.T, s world.Setup, by timakgorm.Capture) {
		w := feedsOver(t, s, by)
		w.Must(w.DB.Create([]*Story{story(1, 1), story(2, 1), story(3, 1), story(4, 1)}).Error)
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.Drain()
		w.Must(w.DB.Unscoped().Delete(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		gone := w.Changes() // with another relay
		w.Must(w.DB.Exec("DELETE FROM timak_outbox").Error)
		w.Must(w.DB.Model(&Story{ID: 1}).Update("published", false).Error)
		w.Must(w.DB.Model(&Story{ID: 2}).Update("author_id", 2).Error)
		w.Must(w.DB.Delete(&Story{ID: 3}).Error)
		w.Drain()
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.Replay(gone...)
		w.WantIDs(home(7), "stories:4")
		w.WantDifferences()
	})
}

// settleBy does what another relay does about a subscription of reader 7 to author 1, whose
// two stories it sees, with a version that is drawn now.
func settleBy(w *world.World, timelines *timak.Timelines) {
	w.Helper()
	version := time.Now().Add(time.Second).UnixMicro() // above all that were drawn before
	ops := []timak.Op{timak.RemoveSource("author:1").WithVersion(version)}
	for id := range 2 {
		item := timak.Item{ID: fmt.Sprint("stories:", id+1), At: world.At(id + 1), Source: "author:1", Data: fmt.Appendf(nil, `{"title":"t%d"}`, id+1)}
		ops = append(ops, timak.Put(item).WithVersion(version+1))
	}
	_, err := timelines.Apply(w.Context(), home(7), ops...)
	w.Must(err)
}

// TestFeeds_putMeanwhile: a story that another relay puts on a feed between the look at
// its source and the removal of that source, with a version drawn before.
func TestFeeds_putMeanwhile(t *testing.T) {
	t.Parallel()
	for _, back := range []string{"before", "meanwhile"} { // when the subscription came back
		t.Run(back, func(t *testing.T) {
			t.Parallel()
			world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
				w, store := faulty(t, "postgres", by)
				on := func() { w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error) }
				on()
				w.Must(w.DB.Create(story(1, 1)).Error)
				w.Drain()
				slow := w.DB.Begin()
				w.Must(slow.Create(story(2, 1)).Error)
				w.Must(w.DB.Unscoped().Delete(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
				if back == "before" {
					on()
				}
				timelines := timak.New(store.Memory, nil)
				relayed := func() { // what the other relay does
					w.Must(slow.Commit().Error)
					for _, change := range w.Changes() {
						if change.Tbl == "stories" {
							item := timak.Item{ID: "stories:2", At: world.At(2), Source: "author:1", Data: []byte(`{"title":"t2"}`)}
							_, err := timelines.Apply(w.Context(), home(7), timak.Put(item).WithVersion(change.Version+1))
							w.Must(err)
							w.Must(w.DB.Delete(&change).Error)
						}
					}
				}
				var once sync.Once
				store.SetBefore(func(_ context.Context, call drivertest.Call) error {
					if call.Key == home(7) {
						once.Do(func() {
							if back == "meanwhile" {
								on()
							}
							relayed()
							for _, change := range w.Changes() { // the return is the other relay's, and it does it
								if back == "meanwhile" && change.Old == nil {
									settleBy(w, timelines)
									w.Must(w.DB.Delete(&change).Error)
								}
							}
						})
					}
					return nil
				})
				w.WantIDs(home(7), "stories:2", "stories:1")
			})
		})
	}
}

// TestFeeds_locked: follows of an author whose stories a transaction has locked wait, and
// no other follow does. The wait does not count as a try.
func TestFeeds_locked(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := feeds(t, "postgres", by)
		const locked = 12
		var all []*Story
		var follows []Subscribe
		for author := range uint(locked + 1) {
			all = append(all, story(author+1, author+1))
			for reader := range uint(3) {
				follows = append(follows, Subscribe{ReaderID: 7 + reader, AuthorID: author + 1})
			}
		}
		w.Must(w.DB.Create(&all).Error)
		w.Drain()
		slow := w.DB.Begin()
		w.Must(slow.Exec("SELECT 1 FROM stories WHERE author_id <= ? FOR UPDATE", locked).Error)
		w.Must(w.DB.Create(&follows).Error)
		stop := w.Run()
		w.Await("the free author", func() bool { return len(w.IDs(home(9))) == 1 })
		w.Await("the others to wait", func() bool {
			var waiting, tried int
			w.Must(w.DB.Raw("SELECT count(*) FILTER (WHERE error LIKE '%has locked rows%'), coalesce(max(attempts), 0) FROM timak_outbox").Row().Scan(&waiting, &tried))
			if tried > 0 {
				t.Errorf("a wait counts as %d tries", tried)
			}
			return waiting == 3*locked
		})
		w.Must(slow.Commit().Error)
		w.AwaitRelay()
		stop()
		w.WantDifferences()
		if got := w.IDs(home(7)); len(got) != locked+1 {
			t.Errorf("got %v, want all %d", got, locked+1)
		}
	})
}

// TestFeeds_lockedStory: a story that was drawn before a reader unsubscribed, and that
// another transaction has locked when it is to be put once more, waits for that feed
// alone.
func TestFeeds_lockedStory(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := feeds(t, "postgres", by)
		follow(w, 30, 1)
		slow := w.DB.Begin()
		w.Must(slow.Create(story(1, 1)).Error)
		w.Must(w.DB.Unscoped().Delete(&Subscribe{}, "reader_id <= 20").Error)
		w.Drain()
		follow(w, 20, 1)
		w.Must(slow.Commit().Error)
		again := w.DB.Begin()
		w.Must(again.Exec("SELECT 1 FROM stories FOR UPDATE").Error)
		stop := w.Run()
		w.Await("the others, and the wait of one", func() bool {
			var waits int
			w.Must(w.DB.Raw("SELECT count(*) FROM timak_outbox WHERE error LIKE '%has locked rows%'").Scan(&waits).Error)
			return waits == 1 && len(w.IDs(home(30))) == 1
		})
		w.Must(again.Commit().Error)
		w.AwaitRelay()
		stop()
		wantHomes(w, 30, 0, "stories:1")
		w.WantDifferences()
	})
}

// TestFeeds_clockSetBack: what happens after a copy has a higher version than the copy,
// even if the clock is behind it.
func TestFeeds_clockSetBack(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := feeds(t, dialect, by)
		w.Must(w.DB.Create([]*Story{story(1, 1), story(2, 1)}).Error)
		w.Drain()
		w.ClockSetBack(time.Now().Add(time.Hour).UnixMicro())
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.WantIDs(home(7), "stories:2", "stories:1")
		w.Must(w.DB.Delete(&Story{ID: 1}).Error)
		w.WantIDs(home(7), "stories:2")
		w.Must(w.DB.Unscoped().Delete(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.WantIDs(home(7))
	})
}

// TestFeeds_putAgainFails: a story that is to be put once more, on a feed that cannot be
// written just then.
func TestFeeds_putAgainFails(t *testing.T) {
	t.Parallel()
	for nth := int64(1); nth <= 2; nth++ { // the put, and the put once more
		t.Run(fmt.Sprint(nth), func(t *testing.T) {
			t.Parallel()
			w, store := faulty(t, "postgres", timakgorm.Callbacks)
			on := func() { w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error) }
			on()
			w.Drain()
			slow := w.DB.Begin()
			w.Must(slow.Create(story(1, 1)).Error)
			w.Must(w.DB.Unscoped().Delete(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
			w.Drain()
			on()
			w.Drain()
			w.Must(slow.Commit().Error)
			var calls atomic.Int64
			store.SetBefore(func(context.Context, drivertest.Call) error {
				if calls.Add(1) == nth {
					return driver.ErrUnavailable
				}
				return nil
			})
			w.WantIDs(home(7), "stories:1")
		})
	}
}

// TestFeeds_chosenGone: all rows that a copy has chosen are deleted while it waits for
// their locks. The second look copies those that come after them.
func TestFeeds_chosenGone(t *testing.T) {
	t.Parallel()
	w := topics(t, "postgres")
	const rounds = 5 // in some, the wait for the lock may be over too soon
	for n := range uint(rounds) {
		name := fmt.Sprint("n", n)
		for id := uint(1); id <= 3; id++ {
			w.Must(w.DB.Create(&Topic{ID: 10*n + id, Name: name, CreatedAt: world.At(int(id))}).Error)
		}
		w.Drain()
		slow := w.DB.Begin()
		w.Must(slow.Delete(&Topic{}, "name = ? AND id > ?", name, 10*n+1).Error)
		w.Must(w.DB.Create(&Interest{ID: n + 1, Reader: new(n + 1), Name: &name}).Error)
		done := drained(w)
		w.AwaitBlocked()
		w.Must(slow.Commit().Error)
		<-done
		w.WantIDs(fmt.Sprintf("reader:%d:topics", n+1), fmt.Sprint("topics:", 10*n+1))
	}
}
