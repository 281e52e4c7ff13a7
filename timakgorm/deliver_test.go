package timakgorm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
)

// onCommit are options whose deadline no healthy test comes near.
func onCommit() *timakgorm.Options {
	return &timakgorm.Options{Deliver: timakgorm.OnCommit, DeliverTimeout: patience, Poll: time.Hour}
}

// deliverModes are the ways to commit.
var deliverModes = append(slices.Clone(modes), mode{"by hand", gorm.Config{}, func(db *gorm.DB, op func(*gorm.DB) error) error {
	tx := db.Begin()
	if err := op(tx); err != nil {
		return errors.Join(err, tx.Rollback().Error)
	}
	return tx.Commit().Error
}})

// TestDeliverOnCommit: what a statement has changed is readable when its
// transaction has been committed, without a relay, and nothing is left for one.
func TestDeliverOnCommit(t *testing.T) {
	t.Parallel()
	for _, m := range deliverModes {
		t.Run(m.name, func(t *testing.T) {
			onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
				config := m.config
				w := worldBy(t, by, setup{dialect: dialect, config: &config, options: onCommit()})
				run := func(op func(*gorm.DB) error) { t.Helper(); w.must(m.run(w.db, op)) }
				want := func(key string, ids ...string) {
					t.Helper()
					if got := w.ids(key); !slices.Equal(got, ids) {
						t.Errorf("timeline %q: got %v, want %v", key, got, ids)
					}
					if n := w.outbox(); n != 0 {
						t.Errorf("%d changes are left", n)
					}
				}
				run(func(db *gorm.DB) error {
					return db.Create(&[]Post{{ID: 1, AuthorID: 1, Published: true, CreatedAt: at(1)}, {ID: 2, AuthorID: 1, Published: true, CreatedAt: at(2)}}).Error
				})
				want("author:1:posts", "posts:2", "posts:1")
				run(func(db *gorm.DB) error { return db.Model(&Post{ID: 1}).Update("author_id", 2).Error })
				want("author:1:posts", "posts:2")
				want("author:2:posts", "posts:1")
				run(func(db *gorm.DB) error {
					return db.Save(&Post{ID: 1, AuthorID: 3, Published: true, CreatedAt: at(1)}).Error
				})
				want("author:3:posts", "posts:1")
				run(func(db *gorm.DB) error { return db.Delete(&Post{}, 2).Error })
				want("author:1:posts")
				w.check()
			})
		})
	}
}

// TestDeliverRaw: SQL of the user's own waits too, where triggers record what it
// changes, and works where it cannot.
func TestDeliverRaw(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}} {
			w := triggerWorld(t, setup{dialect: dialect, config: &config, options: onCommit()})
			run := func(author int, db *gorm.DB) {
				t.Helper()
				w.must(db.Error)
				if got, left := w.ids(fmt.Sprintf("author:%d:posts", author)), w.outbox(); len(got) != 1 || left > 0 {
					t.Errorf("author %d: got %v, want a post; %d changes are left", author, got, left)
				}
			}
			insert := "INSERT INTO posts (id, author_id, published, created_at) VALUES (?, ?, true, ?)"
			run(1, w.db.Exec(insert, 1, 1, at(1)))
			run(2, w.db.Exec("UPDATE posts SET author_id = CASE WHEN id = 1 THEN 2 END"))
			run(3, w.db.Raw("UPDATE posts SET author_id = 3 RETURNING *").Find(&[]Post{}))
			w.must(w.db.Connection(func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 4").Error }))
			w.wantIDs("author:4:posts", "posts:1")
			if err := w.db.Exec(insert, 1, 5, at(1)).Error; err == nil {
				t.Error("a duplicate key: got no error")
			}
			w.must(w.db.Exec("VACUUM").Error)
			w.must(w.db.Raw("UPDATE posts SET author_id = 6 RETURNING id").Scan(new(int)).Error)
			w.wantIDs("author:6:posts", "posts:1")
			if dialect == "postgres" {
				w.must(w.db.Exec("DO $$ BEGIN UPDATE posts SET author_id = 7; COMMIT; END $$").Error)
				run(8, w.db.Exec("DO $$ BEGIN UPDATE posts SET author_id = 8; END $$"))
			}
			w.must(w.db.Exec("DELETE FROM posts").Error)
			if n := w.outbox(); n > 0 || len(w.ids("site:posts")) > 0 {
				t.Errorf("after the delete: %d changes are left", n)
			}
			w.check()
		}
	})
}

// TestDeliverOthersOfRow: an older change of the same row, which another
// program has left behind, goes with it.
func TestDeliverOthersOfRow(t *testing.T) {
	t.Parallel()
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := worldBy(t, by, setup{dialect: dialect, options: onCommit()})
		w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true}).Error)
		other := w.another(&timakgorm.Options{Capture: by})
		w.must(other.db.Model(&Post{ID: 1}).Update("author_id", 2).Error)
		w.must(other.db.Create(&Post{ID: 2, AuthorID: 2, Published: true}).Error)
		w.must(w.db.Model(&Post{ID: 1}).Update("author_id", 3).Error)
		for key, want := range map[string]int{"author:1:posts": 0, "author:3:posts": 1} {
			if got := len(w.ids(key)); got != want {
				t.Errorf("timeline %q has %d items, want %d", key, got, want)
			}
		}
		w.check()
	})
}

// TestDeliverNothing: what is rolled back is not delivered, nor is what a
// transaction has not committed yet.
func TestDeliverNothing(t *testing.T) {
	t.Parallel()
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		store := newFaulty()
		w := worldBy(t, by, setup{dialect: dialect, store: store, options: onCommit()})
		undo := errors.New("undo")
		err := w.db.Transaction(func(tx *gorm.DB) error {
			w.must(tx.Create(&Post{ID: 1, AuthorID: 1, Published: true}).Error)
			return undo
		})
		if !errors.Is(err, undo) {
			t.Errorf("got %v", err)
		}
		w.must(w.db.Transaction(func(tx *gorm.DB) error {
			err := tx.Transaction(func(inner *gorm.DB) error {
				w.must(inner.Create(&Post{ID: 2, AuthorID: 1, Published: true}).Error)
				return undo
			})
			if !errors.Is(err, undo) {
				t.Errorf("got %v", err)
			}
			if calls := store.Calls(); calls != 0 {
				t.Errorf("the store was called %d times before the commit", calls)
			}
			return tx.Create(&Post{ID: 3, AuthorID: 2, Published: true}).Error
		}))
		if got := w.ids("author:2:posts"); !slices.Equal(got, []string{"posts:3"}) {
			t.Errorf("what was committed: got %v", got)
		}
		if got := w.ids("author:1:posts"); len(got) > 0 {
			t.Errorf("what was undone: got %v", got)
		}
		w.check()
	})
}

// TestDeliverInOutage: while the store is away writes succeed; most do not wait
// for it, and when it is back the relay catches up and commits are delivered
// again.
func TestDeliverInOutage(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		store := newFaulty()
		options := onCommit()
		options.Poll = 10 * time.Millisecond
		w := newWorld(t, setup{dialect: dialect, store: store, options: options})
		store.before(failing("", driver.ErrUnavailable))
		const writes = 20
		for i := range writes {
			w.must(w.db.Create(&Post{AuthorID: uint(i), Published: true}).Error)
		}
		stats, err := w.plugin.Stats(t.Context())
		w.must(err)
		if stats.Waiting != writes || stats.Left != writes || stats.Delivered != 0 {
			t.Errorf("in the outage: got %+v, want %d waiting and left", stats, writes)
		}
		store.before(nil)
		defer w.run()()
		w.awaitRelay()
		w.check()
		w.must(w.db.Create(&Post{ID: 100, AuthorID: 100, Published: true}).Error)
		if got := w.ids("author:100:posts"); len(got) != 1 {
			t.Errorf("after the outage: got %v", got)
		}
	})
}

// TestDeliverToSlowStore: a commit returns at the deadline, at the end of its
// own context, and at once while the store is known not to answer.
func TestDeliverToSlowStore(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for name, timeout := range map[string]time.Duration{"deadline": 50 * time.Millisecond, "context": time.Hour} {
			store := newFaulty()
			options := onCommit()
			options.DeliverTimeout = timeout
			w := newWorld(t, setup{dialect: dialect, store: store, options: options})
			over := make(chan struct{})
			var asked atomic.Int64
			store.before(func(ctx context.Context, _ drivertest.Call) error {
				asked.Add(1)
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-over:
					return nil
				}
			})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- w.db.WithContext(ctx).Create(&Post{ID: 1, AuthorID: 1, Published: true}).Error }()
			w.await("the delivery", func() bool { return asked.Load() > 0 })
			if name == "context" {
				cancel()
			}
			select {
			case err := <-done:
				w.must(err)
			case <-time.After(patience):
				t.Errorf("%s: the write has not returned", name)
			}
			cancel()
			if name == "deadline" {
				const more = 20
				for i := range more {
					w.must(w.db.Create(&Post{ID: uint(2 + i), AuthorID: 1, Published: true}).Error)
				}
				if n := asked.Load(); n > more/2 {
					t.Errorf("the store was asked %d times for %d commits after one had waited in vain", n, more)
				}
			}
			close(over)
			store.before(nil)
			w.check()
		}
	})
}

// TestDeliverToHungStore: a store that answers to nothing, not to the end of a
// context either, has few commits wait for it, and what they left is not
// delivered after all when it is back, but by the relay.
func TestDeliverToHungStore(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		store := newFaulty()
		w := newWorld(t, setup{dialect: dialect, store: store, options: &timakgorm.Options{
			Deliver: timakgorm.OnCommit, DeliverTimeout: 100 * time.Millisecond, Poll: time.Hour,
		}})
		over := make(chan struct{})
		store.before(func(context.Context, drivertest.Call) error { <-over; return nil })
		const commits = 20
		waited := 0
		for i := range commits {
			begin := time.Now()
			w.must(w.db.Create(&Post{AuthorID: uint(1 + i), Published: true, CreatedAt: at(i)}).Error)
			if time.Since(begin) >= 100*time.Millisecond {
				waited++
			}
		}
		if waited > commits/2 {
			t.Errorf("%d of %d commits waited", waited, commits)
		}
		stats, err := w.plugin.Stats(t.Context())
		w.must(err)
		if stats.Left != commits {
			t.Errorf("%d commits were left to the relay, want all %d", stats.Left, commits)
		}
		close(over)
		store.before(nil)
		defer w.run()()
		w.awaitRelay()
		w.check()
		w.await("a commit to be delivered again", func() bool {
			w.must(w.db.Create(&Post{AuthorID: 100, Published: true}).Error)
			stats, err := w.plugin.Stats(t.Context())
			w.must(err)
			return stats.Delivered > 0
		})
	})
}

// TestDeliverAtOnce: many commit at the same time, with the relay in the
// background; each reads its own write, and they share rounds.
func TestDeliverAtOnce(t *testing.T) {
	t.Parallel()
	const committers, commits = 32, 8
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		store := newFaulty()
		options := onCommit()
		options.Poll = 5 * time.Millisecond
		w := worldBy(t, by, setup{dialect: dialect, store: store, options: options})
		defer w.run()()
		var group sync.WaitGroup
		for n := range committers {
			group.Go(func() {
				for i := range commits {
					id := uint(1 + n*commits + i)
					if err := w.db.Create(&Post{ID: id, AuthorID: uint(n % 4), Published: true, CreatedAt: at(int(id))}).Error; err != nil {
						t.Error(err)
						return
					}
					timeline, err := w.timelines.Get(t.Context(), fmt.Sprintf("author:%d:posts", n%4))
					if err != nil || !slices.Contains(timeline.IDs(), fmt.Sprint("posts:", id)) {
						t.Errorf("post %d is not there after its commit (%v)", id, err)
					}
				}
			})
		}
		group.Wait()
		w.awaitRelay()
		w.check()
	})
}

// TestDeliveriesShareRounds: what is committed while a round is under way goes
// into the next, all together.
func TestDeliveriesShareRounds(t *testing.T) {
	t.Parallel()
	const others = 10
	store := newFaulty()
	w := newWorld(t, setup{dialect: "postgres", store: store, options: onCommit()})
	var hold atomic.Bool
	hold.Store(true)
	over, held := make(chan struct{}), make(chan struct{}, 1)
	store.before(func(_ context.Context, call drivertest.Call) error {
		if hold.CompareAndSwap(true, false) {
			held <- struct{}{}
			<-over
		}
		return nil
	})
	var group sync.WaitGroup
	write := func(id uint) {
		group.Go(func() {
			if err := w.db.Create(&Post{ID: id, AuthorID: 1, Published: true, CreatedAt: at(int(id))}).Error; err != nil {
				t.Error(err)
			}
		})
	}
	write(1)
	<-held
	for i := range uint(others) {
		write(2 + i)
	}
	w.await("the others to commit", func() bool { return w.count("posts") == 1+others })
	close(over)
	group.Wait()
	if puts := store.takePuts()["author:1:posts"]; puts > others {
		t.Errorf("%d commits took %d writes of their timeline, want fewer: about 2", 1+others, puts)
	}
	w.check()
}

// TestDeliverFromConnections: where the plugin does not see the commit, nothing
// waits and nothing is lost; a pool of one connection is enough.
func TestDeliverFromConnections(t *testing.T) {
	t.Parallel()
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := worldBy(t, by, setup{dialect: dialect, options: onCommit()})
		w.must(w.db.Connection(func(tx *gorm.DB) error {
			return tx.Create(&Post{ID: 1, AuthorID: 1, Published: true}).Error
		}))
		w.check()
		plain, err := w.db.DB()
		w.must(err)
		plain.SetMaxOpenConns(1)
		defer w.run()()
		w.must(w.db.Create(&Post{ID: 2, AuthorID: 2, Published: true}).Error)
		if got := w.ids("author:2:posts"); len(got) != 1 {
			t.Errorf("got %v, want the post", got)
		}
		w.check()
	})
}
