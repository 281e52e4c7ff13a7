package relay_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// reading and note meet in an audience.
type reading struct {
	ReaderID uint `gorm:"primaryKey"`
	AuthorID uint `gorm:"primaryKey"`

	_ timakgorm.Subscription `timak:"audience=readers; key=reader:{ReaderID}:home; source=author:{AuthorID}"`
}

type essay struct {
	ID        uint
	AuthorID  uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"audience=readers; source=author:{AuthorID}"`
}

// TestLoss_wide: if a change has come to some of its many timelines when the store loses
// them, it comes to these once more.
func TestLoss_wide(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		const readers = 1200
		server, engine := redistest.NewServer(t), uncached
		store, models := openRedis(t, server), []any{&reading{}, &essay{}}
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Engine: &engine, Models: models, Tracked: models})
		plain := world.OpenDSN(t, dialect, w.DSN, nil) // what nobody captures brings nothing
		w.Must(plain.Exec(`INSERT INTO readings (reader_id, author_id)
			WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < ?) SELECT n, 1 FROM r`, readers).Error)
		w.Drain() // sets the first mark
		w.Must(w.DB.Create(&essay{ID: 1, AuthorID: 1, CreatedAt: world.At(1)}).Error)
		begun := false
		store.next(func() error { // behind the first part
			store.next(func() error { // behind the second one
				begun = w.Count("timak_outbox WHERE progress IS NOT NULL") == 1
				killAndStart(t, server)
				return nil
			})
			return nil
		})
		w.Drain()
		if !begun {
			t.Error("the store was to be lost when the change had come to a part")
		}
		missing := 0
		for n := range readers {
			if len(w.IDs(timakgorm.Key("reader:{}:home", n+1))) != 1 {
				missing++
			}
		}
		if missing > 0 {
			t.Errorf("the essay is missing on %d timelines", missing)
		}
		wantLost(w, true, 1)
	})
}

// TestLoss_failover: a replica that takes over and lags has lost something, and one that
// does not lag has not.
func TestLoss_failover(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		pair, options := redistest.NewPair(t), world.Quick()
		options.RebuildAfterLoss = true
		store, err := redisstore.OpenUniversal(t.Context(), &redis.UniversalOptions{Addrs: []string{"either:0"}, Dialer: pair.Dial}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		engine := uncached
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Engine: &engine, Options: options})
		create(w, 1, 2)
		w.Drain()
		pair.Replicate(t)
		pair.FailOver(t)
		create(w, 3)
		wantRight(w)
		wantLost(w, false, 0)
		pair.Replicate(t)
		create(w, 4)
		w.Must(w.DB.Delete(&world.Post{ID: 1}).Error)
		w.Drain()
		pair.FailOver(t)
		stop := w.Run()
		w.Await("the rebuild", func() bool {
			stats, err := w.Plugin.Stats(t.Context())
			return err == nil && stats.Losses == 1 && stats.Lost == 0
		})
		stop()
		wantRight(w)
	})
}

// TestLoss_remaining: what a rebuild could not repair is still lost.
func TestLoss_remaining(t *testing.T) {
	t.Parallel()
	w, server, store := redisWorld(t, "sqlite", nil)
	create(w, 1)
	w.Drain()
	killAndStart(t, server)
	store.refuse.Store(true)
	rebuild(w)
	wantLost(w, true, 1)
	store.refuse.Store(false)
	rebuild(w)
	wantLost(w, false, 1)
	w.Forgive()
	wantRight(w)
}
