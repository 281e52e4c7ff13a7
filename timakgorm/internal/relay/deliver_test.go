package relay_test

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
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// deliverModes are the ways to commit.
var deliverModes = append(slices.Clone(world.Modes), world.Mode{Name: "by hand", Config: gorm.Config{}, Run: func(db *gorm.DB, op func(*gorm.DB) error) error {
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
		t.Run(m.Name, func(t *testing.T) {
			world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
				config := m.Config
				w := world.NewBy(t, by, world.Setup{Dialect: dialect, Config: &config, Options: world.OnCommit()})
				run := func(op func(*gorm.DB) error) { t.Helper(); w.Must(m.Run(w.DB, op)) }
				want := func(key string, ids ...string) {
					t.Helper()
					if got := w.IDs(key); !slices.Equal(got, ids) {
						t.Errorf("timeline %q: got %v, want %v", key, got, ids)
					}
					if n := w.Outbox(); n != 0 {
						t.Errorf("%d changes are left", n)
					}
				}
				run(func(db *gorm.DB) error {
					return db.Create(&[]world.Post{{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(1)}, {ID: 2, AuthorID: 1, Published: true, CreatedAt: world.At(2)}}).Error
				})
				want("author:1:posts", "posts:2", "posts:1")
				run(func(db *gorm.DB) error { return db.Model(&world.Post{ID: 1}).Update("author_id", 2).Error })
				want("author:1:posts", "posts:2")
				want("author:2:posts", "posts:1")
				run(func(db *gorm.DB) error {
					return db.Save(&world.Post{ID: 1, AuthorID: 3, Published: true, CreatedAt: world.At(1)}).Error
				})
				want("author:3:posts", "posts:1")
				run(func(db *gorm.DB) error { return db.Delete(&world.Post{}, 2).Error })
				want("author:1:posts")
				w.Check()
			})
		})
	}
}

// TestDeliverRaw: SQL of the user's own waits too, where triggers record what it
// changes, and works where it cannot.
func TestDeliverRaw(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}} {
			w := world.TriggerWorld(t, world.Setup{Dialect: dialect, Config: &config, Options: world.OnCommit()})
			run := func(author int, db *gorm.DB) {
				t.Helper()
				w.Must(db.Error)
				if got, left := w.IDs(fmt.Sprintf("author:%d:posts", author)), w.Outbox(); len(got) != 1 || left > 0 {
					t.Errorf("author %d: got %v, want a post; %d changes are left", author, got, left)
				}
			}
			insert := "INSERT INTO posts (id, author_id, published, created_at) VALUES (?, ?, true, ?)"
			run(1, w.DB.Exec(insert, 1, 1, world.At(1)))
			run(2, w.DB.Exec("UPDATE posts SET author_id = CASE WHEN id = 1 THEN 2 END"))
			run(3, w.DB.Raw("UPDATE posts SET author_id = 3 RETURNING *").Find(&[]world.Post{}))
			w.Must(w.DB.Connection(func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 4").Error }))
			w.WantIDs("author:4:posts", "posts:1")
			if err := w.DB.Exec(insert, 1, 5, world.At(1)).Error; err == nil {
				t.Error("a duplicate key: got no error")
			}
			w.Must(w.DB.Exec("VACUUM").Error)
			w.Must(w.DB.Raw("UPDATE posts SET author_id = 6 RETURNING id").Scan(new(int)).Error)
			w.WantIDs("author:6:posts", "posts:1")
			if dialect == "postgres" {
				w.Must(w.DB.Exec("DO $$ BEGIN UPDATE posts SET author_id = 7; COMMIT; END $$").Error)
				run(8, w.DB.Exec("DO $$ BEGIN UPDATE posts SET author_id = 8; END $$"))
			}
			w.Must(w.DB.Exec("DELETE FROM posts").Error)
			if n := w.Outbox(); n > 0 || len(w.IDs("site:posts")) > 0 {
				t.Errorf("after the delete: %d changes are left", n)
			}
			w.Check()
		}
	})
}

// TestDeliverOthersOfRow: an older change of the same row, which another
// program has left behind, goes with it.
func TestDeliverOthersOfRow(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, Options: world.OnCommit()})
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
		other := w.Another(&timakgorm.Options{Capture: by})
		w.Must(other.DB.Model(&world.Post{ID: 1}).Update("author_id", 2).Error)
		w.Must(other.DB.Create(&world.Post{ID: 2, AuthorID: 2, Published: true}).Error)
		w.Must(w.DB.Model(&world.Post{ID: 1}).Update("author_id", 3).Error)
		for key, want := range map[string]int{"author:1:posts": 0, "author:3:posts": 1} {
			if got := len(w.IDs(key)); got != want {
				t.Errorf("timeline %q has %d items, want %d", key, got, want)
			}
		}
		w.Check()
	})
}

// TestDeliverNothing: what is rolled back is not delivered, nor is what a
// transaction has not committed yet.
func TestDeliverNothing(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		store := world.NewFaulty()
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, Store: store, Options: world.OnCommit()})
		undo := errors.New("undo")
		err := w.DB.Transaction(func(tx *gorm.DB) error {
			w.Must(tx.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
			return undo
		})
		if !errors.Is(err, undo) {
			t.Errorf("got %v", err)
		}
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			err := tx.Transaction(func(inner *gorm.DB) error {
				w.Must(inner.Create(&world.Post{ID: 2, AuthorID: 1, Published: true}).Error)
				return undo
			})
			if !errors.Is(err, undo) {
				t.Errorf("got %v", err)
			}
			if calls := store.Calls(); calls != 0 {
				t.Errorf("the store was called %d times before the commit", calls)
			}
			return tx.Create(&world.Post{ID: 3, AuthorID: 2, Published: true}).Error
		}))
		if got := w.IDs("author:2:posts"); !slices.Equal(got, []string{"posts:3"}) {
			t.Errorf("what was committed: got %v", got)
		}
		if got := w.IDs("author:1:posts"); len(got) > 0 {
			t.Errorf("what was undone: got %v", got)
		}
		w.Check()
	})
}

// TestDeliverInOutage: while the store is away writes succeed; most do not wait
// for it, and when it is back the relay catches up and commits are delivered
// again.
func TestDeliverInOutage(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		options := world.OnCommit()
		options.Poll = 10 * time.Millisecond
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Options: options})
		store.SetBefore(world.Failing("", driver.ErrUnavailable))
		const writes = 20
		for i := range writes {
			w.Must(w.DB.Create(&world.Post{AuthorID: uint(i), Published: true}).Error)
		}
		stats, err := w.Plugin.Stats(t.Context())
		w.Must(err)
		if stats.Waiting != writes || stats.Left != writes || stats.Delivered != 0 {
			t.Errorf("in the outage: got %+v, want %d waiting and left", stats, writes)
		}
		store.SetBefore(nil)
		defer w.Run()()
		w.AwaitRelay()
		w.Check()
		w.Must(w.DB.Create(&world.Post{ID: 100, AuthorID: 100, Published: true}).Error)
		if got := w.IDs("author:100:posts"); len(got) != 1 {
			t.Errorf("after the outage: got %v", got)
		}
	})
}

// TestDeliverToSlowStore: a commit returns at the deadline, at the end of its
// own context, and at once while the store is known not to answer.
func TestDeliverToSlowStore(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for name, timeout := range map[string]time.Duration{"deadline": time.Second, "context": time.Hour} {
			store := world.NewFaulty()
			options := world.OnCommit()
			options.DeliverTimeout = timeout
			w := world.New(t, world.Setup{Dialect: dialect, Store: store, Options: options})
			over := make(chan struct{})
			var asked atomic.Int64
			store.SetBefore(func(ctx context.Context, _ drivertest.Call) error {
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
			go func() { done <- w.DB.WithContext(ctx).Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error }()
			w.Await("the delivery", func() bool { return asked.Load() > 0 })
			if name == "context" {
				cancel()
			}
			select {
			case err := <-done:
				w.Must(err)
			case <-time.After(world.Patience):
				t.Errorf("%s: the write has not returned", name)
			}
			cancel()
			if name == "deadline" {
				const more = 20
				for i := range more {
					w.Must(w.DB.Create(&world.Post{ID: uint(2 + i), AuthorID: 1, Published: true}).Error)
				}
				if n := asked.Load(); n > more/2 {
					t.Errorf("the store was asked %d times for %d commits after one had waited in vain", n, more)
				}
			}
			close(over)
			store.SetBefore(nil)
			w.Check()
		}
	})
}

// TestDeliverToHungStore: a store that answers to nothing, not to the end of a
// context either, has few commits wait for it, and what they left is not
// delivered after all when it is back, but by the relay.
func TestDeliverToHungStore(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Options: &timakgorm.Options{
			Deliver: timakgorm.OnCommit, DeliverTimeout: 100 * time.Millisecond, Poll: time.Hour,
		}})
		over := make(chan struct{})
		store.SetBefore(func(context.Context, drivertest.Call) error { <-over; return nil })
		const commits = 20
		waited := 0
		for i := range commits {
			begin := time.Now()
			w.Must(w.DB.Create(&world.Post{AuthorID: uint(1 + i), Published: true, CreatedAt: world.At(i)}).Error)
			if time.Since(begin) >= 100*time.Millisecond {
				waited++
			}
		}
		if waited > commits/2 {
			t.Errorf("%d of %d commits waited", waited, commits)
		}
		stats, err := w.Plugin.Stats(t.Context())
		w.Must(err)
		if stats.Left != commits {
			t.Errorf("%d commits were left to the relay, want all %d", stats.Left, commits)
		}
		close(over)
		store.SetBefore(nil)
		defer w.Run()()
		w.AwaitRelay()
		w.Check()
		w.Await("a commit to be delivered again", func() bool {
			w.Must(w.DB.Create(&world.Post{AuthorID: 100, Published: true}).Error)
			stats, err := w.Plugin.Stats(t.Context())
			w.Must(err)
			return stats.Delivered > 0
		})
	})
}

// TestDeliverAtOnce: many commit at the same time, with the relay in the
// background; each reads its own write, and they share rounds.
func TestDeliverAtOnce(t *testing.T) {
	t.Parallel()
	const committers, commits = 32, 8
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		store := world.NewFaulty()
		options := world.OnCommit()
		options.Poll = 5 * time.Millisecond
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, Store: store, Options: options})
		defer w.Run()()
		var group sync.WaitGroup
		for n := range committers {
			group.Go(func() {
				for i := range commits {
					id := uint(1 + n*commits + i)
					if err := w.DB.Create(&world.Post{ID: id, AuthorID: uint(n % 4), Published: true, CreatedAt: world.At(int(id))}).Error; err != nil {
						t.Error(err)
						return
					}
					timeline, err := w.Timelines.Get(t.Context(), fmt.Sprintf("author:%d:posts", n%4))
					if err != nil || !slices.Contains(timeline.IDs(), fmt.Sprint("posts:", id)) {
						t.Errorf("post %d is not there after its commit (%v)", id, err)
					}
				}
			})
		}
		group.Wait()
		w.AwaitRelay()
		w.Check()
	})
}

// TestDeliveriesShareRounds: what is committed while a round is under way goes
// into the next, all together.
func TestDeliveriesShareRounds(t *testing.T) {
	t.Parallel()
	const others = 10
	store := world.NewFaulty()
	w := world.New(t, world.Setup{Dialect: "postgres", Store: store, Options: world.OnCommit()})
	var hold atomic.Bool
	hold.Store(true)
	over, held := make(chan struct{}), make(chan struct{}, 1)
	store.SetBefore(func(_ context.Context, call drivertest.Call) error {
		if hold.CompareAndSwap(true, false) {
			held <- struct{}{}
			<-over
		}
		return nil
	})
	var group sync.WaitGroup
	write := func(id uint) {
		group.Go(func() {
			if err := w.DB.Create(&world.Post{ID: id, AuthorID: 1, Published: true, CreatedAt: world.At(int(id))}).Error; err != nil {
				t.Error(err)
			}
		})
	}
	write(1)
	<-held
	for i := range uint(others) {
		write(2 + i)
	}
	w.Await("the others to commit", func() bool { return w.Count("posts") == 1+others })
	close(over)
	group.Wait()
	if puts := store.TakePuts()["author:1:posts"]; puts > others {
		t.Errorf("%d commits took %d writes of their timeline, want fewer: about 2", 1+others, puts)
	}
	w.Check()
}

// TestDeliverFromConnections: where the plugin does not see the commit, nothing
// waits and nothing is lost; a pool of one connection is enough.
func TestDeliverFromConnections(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, Options: world.OnCommit()})
		w.Must(w.DB.Connection(func(tx *gorm.DB) error {
			return tx.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error
		}))
		w.Check()
		plain, err := w.DB.DB()
		w.Must(err)
		plain.SetMaxOpenConns(1)
		defer w.Run()()
		w.Must(w.DB.Create(&world.Post{ID: 2, AuthorID: 2, Published: true}).Error)
		if got := w.IDs("author:2:posts"); len(got) != 1 {
			t.Errorf("got %v, want the post", got)
		}
		w.Check()
	})
}
